//! Names, ids and addresses of what IAM keeps.

use lambent_types::{AccountId, Ids, Region, Scope, Sha256Digest};
use lambent_wire::RequestContext;

/// Where IAM's things of an account are kept: the region that stands for the whole partition.
pub(crate) fn home(account: AccountId, partition: &str) -> Scope {
    let region = match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    };
    Scope {
        account,
        region: region.parse::<Region>().unwrap_or_default(),
    }
}

/// Where those of the account that asks are kept.
pub(crate) fn home_of(cx: &RequestContext) -> Scope {
    home(cx.scope.account, cx.scope.region.partition())
}

/// What a new id begins with, which says of what it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prefix {
    Role,
    Policy,
}

/// Twenty-one characters, such as `AROAQ3EGU4CZ7TESTEXMP`.
pub(crate) fn new_id(prefix: Prefix, ids: &dyn Ids) -> String {
    id_of(prefix, ids.uuid().as_u128())
}

/// The id that a number stands for.
pub(crate) fn id_of(prefix: Prefix, number: u128) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let prefix = match prefix {
        Prefix::Role => "AROA",
        Prefix::Policy => "ANPA",
    };
    // Of a UUID the last sixty-two bits are chance, and the first forty-eight.
    let mixed = number ^ (number >> 43);
    let letters = (0..17).map(|place| {
        let index = usize::try_from((mixed >> (place * 5)) & 31).unwrap_or(0);
        char::from(*LETTERS.get(index).unwrap_or(&b'A'))
    });
    prefix.chars().chain(letters).collect()
}

/// An id for a role that was never made here: the same for the same ARN.
#[must_use]
pub fn made_up_role_id(arn: &str) -> String {
    id_of(Prefix::Role, number_of(arn))
}

/// A number that stands for a text.
pub(crate) fn number_of(text: &str) -> u128 {
    let digest = Sha256Digest::of(text.as_bytes());
    digest
        .as_bytes()
        .iter()
        .fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

/// The parts of `arn:aws:iam::123456789012:role/path/name`, of which `kind` is `role` or `policy`: partition, account, path and name.
pub(crate) fn parts<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str, &'a str, &'a str)> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, rest] = fields.as_slice() else {
        return None;
    };
    let path_and_name = rest.strip_prefix(kind).filter(|rest| rest.starts_with('/'))?;
    let (path, name) = path_and_name.split_at(path_and_name.rfind('/')? + 1);
    (!name.is_empty()).then_some((partition, account, path, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::{RandomIds, SeededIds};
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_of_awss_form_and_differ() {
        let id = new_id(Prefix::Role, &SeededIds::default());
        assert!(id.len() == 21 && id.starts_with("AROA"), "{id}");
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte))
        );
        let many: BTreeSet<String> = (0..1_000).map(|_| new_id(Prefix::Policy, &RandomIds)).collect();
        assert_eq!(many.len(), 1_000);
    }

    #[test]
    fn arns_are_taken_apart() {
        let read = |arn| parts(arn, "role");
        assert_eq!(
            read("arn:aws:iam::111111111111:role/r"),
            Some(("aws", "111111111111", "/", "r"))
        );
        assert_eq!(
            read("arn:aws-cn:iam::111111111111:role/a/b/r"),
            Some(("aws-cn", "111111111111", "/a/b/", "r"))
        );
        for bad in [
            "r",
            "arn:aws:iam::1:role/",
            "arn:aws:iam::1:roles/r",
            "arn:aws:sts::1:role/r",
            "arn:aws:iam::1:role",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
