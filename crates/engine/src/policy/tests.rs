use super::*;
use proptest::prelude::*;

const ROLE: &str = "arn:aws:iam::111111111111:role/r";
const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/r/s";

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn policy(statements: &str) -> Document {
    Document::read(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn verdict(statements: &str, who: Who<'_>, facts: Facts<'_>) -> Verdict {
    let question = Question {
        who,
        action: "lambda:InvokeFunction",
        resource: Some("arn:aws:lambda:us-east-1:111111111111:function:f"),
        facts,
    };
    policy(statements).decide(&question)
}

fn statement(effect: &str, rest: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Resource":"*","Action":"lambda:*"{rest}}}"#)
}

#[test]
fn a_denial_wins() {
    let (allow, deny) = (statement("Allow", ""), statement("Deny", ""));
    assert_eq!(verdict(&allow, Who::Holder, &[]), Verdict::Allowed);
    assert_eq!(verdict(&format!("{allow},{deny}"), Who::Holder, &[]), Verdict::Denied);
    assert_eq!(verdict(&format!("{deny},{allow}"), Who::Holder, &[]), Verdict::Denied);
    assert_eq!(verdict("", Who::Holder, &[]), Verdict::Silent);
}

#[test]
fn actions_and_resources_are_patterns_and_their_opposites() {
    let says = |text: &str| verdict(text, Who::Holder, &[]).is_allowed();
    for allowed in [
        r#"{"Effect":"Allow","Action":["s3:*","LAMBDA:invoke*"],"Resource":"arn:aws:lambda:*:*:function:?"}"#,
        r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::*"}"#,
    ] {
        assert!(says(allowed), "{allowed}");
    }
    for silent in [
        r#"{"Effect":"Allow","Action":"lambda:Invoke","Resource":"*"}"#,
        r#"{"Effect":"Allow","NotAction":"lambda:Invoke*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:lambda:*:*:function:g"}"#,
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:lambda:*:*:function:${aws:username}"}"#,
        r#"{"Effect":"Allow","Action":"*"}"#,
    ] {
        assert!(!says(silent), "{silent}");
    }
}

#[test]
fn principals_are_told_apart() {
    let says = |principal: &str, who: Who<'_>| {
        verdict(&statement("Allow", &format!(r#","Principal":{principal}"#)), who, &[]).is_allowed()
    };
    let own = Who::Account(account("111111111111"));
    let session = Who::Session {
        account: account("111111111111"),
        role: ROLE,
        session: SESSION,
    };
    for anyone in [r#""*""#, r#"{"AWS":"*"}"#] {
        assert!(
            [Who::Anyone, own, session, Who::Service("s3.amazonaws.com")]
                .iter()
                .all(|who| says(anyone, *who))
        );
    }
    for root in [
        r#"{"AWS":"111111111111"}"#,
        r#"{"AWS":["arn:aws:iam::111111111111:root"]}"#,
    ] {
        assert!(says(root, own) && says(root, session) && !says(root, Who::Anyone));
        assert!(!says(root, Who::Account(account("222222222222"))));
    }
    let user = r#"{"AWS":"arn:aws:iam::111111111111:user/u"}"#;
    assert!(says(user, own) && !says(user, session));
    let role = format!(r#"{{"AWS":"{ROLE}"}}"#);
    assert!(says(&role, session));
    let service = r#"{"Service":["sns.amazonaws.com","lambda.amazonaws.com"]}"#;
    assert!(says(service, Who::Service("lambda.amazonaws.com")) && !says(service, Who::Service("s3.amazonaws.com")));
    assert!(!says(service, own) && !says(r#"{"Federated":"x"}"#, own));
    let others = statement("Deny", r#","NotPrincipal":{"AWS":"111111111111"}"#);
    assert_eq!(verdict(&others, own, &[]), Verdict::Silent);
    assert_eq!(verdict(&others, Who::Anyone, &[]), Verdict::Denied);
}

#[test]
fn a_statement_of_the_wrong_kind_lets_no_one_in_and_keeps_out() {
    let named = |effect| statement(effect, r#","Principal":"*""#);
    assert_eq!(verdict(&statement("Allow", ""), Who::Anyone, &[]), Verdict::Silent);
    assert_eq!(verdict(&statement("Deny", ""), Who::Anyone, &[]), Verdict::Denied);
    assert_eq!(verdict(&named("Allow"), Who::Holder, &[]), Verdict::Silent);
}

#[test]
fn conditions_hold_or_do_not_or_are_not_known() {
    let facts: Facts<'_> = &[
        ("aws:SourceArn", Some("arn:aws:s3:::b")),
        ("aws:SecureTransport", Some("true")),
        ("sts:ExternalId", None),
    ];
    let says = |effect: &str, condition: &str| {
        verdict(
            &statement(effect, &format!(r#","Condition":{condition}"#)),
            Who::Holder,
            facts,
        )
    };
    for holds in [
        r#"{"StringEquals":{"AWS:sourcearn":["x","arn:aws:s3:::b"]}}"#,
        r#"{"arnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}"#,
        r#"{"Bool":{"aws:SecureTransport":true}}"#,
        r#"{"Null":{"sts:ExternalId":"true","aws:SourceArn":"false"}}"#,
        r#"{"StringNotEquals":{"sts:ExternalId":"x"}}"#,
        r#"{"StringEqualsIfExists":{"sts:ExternalId":"x"}}"#,
        r#"{"StringNotLike":{"aws:SourceArn":"arn:aws:sns:*"}}"#,
    ] {
        assert_eq!(says("Allow", holds), Verdict::Allowed, "{holds}");
    }
    for fails in [
        r#"{"StringEquals":{"aws:SourceArn":"x"}}"#,
        r#"{"StringEquals":{"sts:ExternalId":"x"}}"#,
        r#"{"Null":{"aws:SourceArn":true}}"#,
        r#"{"StringEquals":{"aws:SourceArn":"arn:aws:s3:::b"},"Bool":{"aws:SecureTransport":"false"}}"#,
    ] {
        assert_eq!(says("Allow", fails), Verdict::Silent, "{fails}");
        assert_eq!(says("Deny", fails), Verdict::Silent, "{fails}");
    }
    for unknown in [
        r#"{"IpAddress":{"aws:SourceArn":"10.0.0.0/8"}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
    ] {
        assert_eq!(says("Allow", unknown), Verdict::Silent, "{unknown}");
        assert_eq!(says("Deny", unknown), Verdict::Denied, "{unknown}");
    }
}

#[test]
fn what_is_no_policy_is_refused() {
    for bad in [
        "no json",
        "{}",
        r#"{"Version":"2012","Statement":[]}"#,
        r#"{"Statement":[{"Action":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Principal":"me","Action":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"*","NotAction":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Actions":"*"}]}"#,
    ] {
        assert!(Document::read(bad).is_err(), "{bad}");
    }
    let alone = Document::read(r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#).unwrap();
    assert_eq!((alone.statements.len(), alone.version), (1, Version::First));
}

#[test]
fn patterns_are_matched_whole() {
    for (pattern, text) in [
        ("*", ""),
        ("a*c", "abbc"),
        ("a*b*c", "a-b-b-c"),
        ("?b", "ab"),
        ("", ""),
        ("**", "x"),
    ] {
        assert!(like(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [
        ("a", "ab"),
        ("a*c", "ab"),
        ("?", ""),
        ("", "a"),
        ("*a", "ab"),
        ("*b*b", "b"),
    ] {
        assert!(!like(pattern, text), "{pattern} {text}");
    }
}

/// What a pattern means, said as plainly as possible.
fn means(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), None) => means(rest, text),
        (Some(('*', rest)), Some((_, left))) => means(rest, text) || means(pattern, left),
        (Some((expected, rest)), Some((letter, left))) => (expected == letter || *expected == '?') && means(rest, left),
        _ => false,
    }
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    let one = (
        prop::sample::select(vec!["Allow", "Deny"]),
        prop::sample::select(vec![r#""Action":"*""#, r#""Action":"s3:*""#, r#""NotAction":"s3:*""#]),
        prop::sample::select(vec![
            "",
            r#","Condition":{"StringEquals":{"k":"v"}}"#,
            r#","Condition":{"StringEquals":{"k":"w"}}"#,
            r#","Condition":{"StringEquals":{"unheard":"v"}}"#,
        ]),
    );
    let one = one.prop_map(|(effect, action, condition)| {
        format!(r#"{{"Effect":"{effect}",{action},"Resource":"*"{condition}}}"#)
    });
    prop::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn patterns_mean_what_they_say(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
        let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        prop_assert_eq!(like(&pattern, &text), means(&p, &t));
    }

    /// Neither the order of statements nor their division into policies matters, and another denial never lets anybody in.
    #[test]
    fn statements_are_a_set(statements in statements(), cut in 0..6usize) {
        let facts: Facts<'_> = &[("k", Some("v"))];
        let whole = verdict(&statements.join(","), Who::Holder, facts);
        let mut turned = statements.clone();
        turned.reverse();
        prop_assert_eq!(verdict(&turned.join(","), Who::Holder, facts), whole);
        let (first, second) = statements.split_at(cut.min(statements.len()));
        let parts = [policy(&first.join(",")), policy(&second.join(","))];
        let question = Question { who: Who::Holder, action: "lambda:InvokeFunction", resource: Some("r"), facts };
        prop_assert_eq!(decide(&parts, &question), whole);
        let mut denied = statements.clone();
        denied.push(statement("Deny", r#","Condition":{"IpAddress":{"k":"v"}}"#));
        prop_assert_eq!(verdict(&denied.join(","), Who::Holder, facts), Verdict::Denied);
    }
}
