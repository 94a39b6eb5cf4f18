//! AWS names as Rust names.

/// `KMSKeyArn` as `kms_key_arn`, `S3Bucket` as `s3_bucket`.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 8);
    for (index, c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| chars.get(i));
        let after_is_lower = chars.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let starts_word = before.is_some_and(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || (b.is_ascii_uppercase() && after_is_lower)
        });
        if c.is_ascii_uppercase() && starts_word {
            out.push('_');
        }
        out.push(if *c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    out
}

/// The name of a static.
pub(crate) fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// The name of a struct field; Rust's keywords get a raw prefix.
pub(crate) fn field(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "type", "match", "ref", "move", "use", "where", "enum", "struct", "fn", "loop", "static",
    ];
    let snake = snake(name);
    if KEYWORDS.contains(&snake.as_str()) {
        format!("r#{snake}")
    } else {
        snake
    }
}

/// Whether serde's `rename_all = "PascalCase"` turns the field back into the AWS name.
pub(crate) fn is_pascal_of_field(name: &str) -> bool {
    let pascal: String = snake(name)
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + chars.as_str()
            })
        })
        .collect();
    pascal == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_capitals() {
        for (aws, rust) in [
            ("FunctionName", "function_name"),
            ("KMSKeyArn", "kms_key_arn"),
            ("S3Bucket", "s3_bucket"),
            ("EC2ErrorCode", "ec2_error_code"),
            ("CodeSha256", "code_sha256"),
            ("UUID", "uuid"),
            ("PrincipalOrgID", "principal_org_id"),
        ] {
            assert_eq!(snake(aws), rust);
        }
        assert!(is_pascal_of_field("FunctionName") && !is_pascal_of_field("KMSKeyArn"));
        assert_eq!(field("Type"), "r#type");
    }
}
