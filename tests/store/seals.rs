//! Secrets open with their key, in their place, and nowhere else.

use frontdesk::domain::{Credential, Sealed, Secret, TenantId};
use frontdesk::store::{MasterKey, Place, SealError, Seals, Store};
use proptest::prelude::*;

use super::values::tenant_id;

fn place(tenant: TenantId) -> Place<'static> {
    Place {
        tenant,
        table: "ivr_flows",
        row: "flw_1",
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[test]
fn a_secret_opens_in_its_place_alone() {
    let seals = Seals::new([&MasterKey::random()]);
    let here = place(tenant_id(1));
    let sealed = seals.seal(&here, &secret("Bearer abc")).unwrap();
    assert!(!sealed.as_str().contains("abc"));
    assert_eq!(seals.open(&here, &sealed), Ok(secret("Bearer abc")));
    let elsewhere = [
        place(tenant_id(2)),
        Place {
            table: "receptionists",
            ..here
        },
        Place {
            row: "flw_2",
            ..here
        },
    ];
    for other in elsewhere {
        let opened = seals.open(&other, &sealed);
        assert_eq!(opened, Err(SealError::Broken), "{other:?}");
    }
    let again = seals.seal(&here, &secret("Bearer abc")).unwrap();
    assert_ne!(
        again, sealed,
        "who sees both must not see that they are equal"
    );
}

#[test]
fn a_key_that_was_replaced_still_opens_and_seals_no_more() {
    let (old, new) = (MasterKey::random(), MasterKey::random());
    let here = place(tenant_id(1));
    let sealed = Seals::new([&old]).seal(&here, &secret("abc")).unwrap();
    let alone = Seals::new([&new]);
    assert_eq!(alone.open(&here, &sealed), Err(SealError::OtherKey));
    let both = Seals::new([&new, &old]);
    assert_eq!(both.open(&here, &sealed), Ok(secret("abc")));
    let anew = both.seal(&here, &secret("abc")).unwrap();
    assert_eq!(alone.open(&here, &anew), Ok(secret("abc")));
}

#[test]
fn without_a_key_nothing_is_sealed_and_what_was_plain_is_read() {
    let (none, here) = (Seals::default(), place(tenant_id(1)));
    let mut given = Credential::from_kept("Bearer abc".to_owned());
    let refused = none.seal_given(&here, &mut given);
    assert_eq!(refused, Err(SealError::NoKey));
    assert_eq!(none.open_kept(&here, &given), Ok(secret("Bearer abc")));

    let seals = Seals::new([&MasterKey::random()]);
    seals.seal_given(&here, &mut given).unwrap();
    let kept = Credential::from_kept(given.expose().to_owned());
    assert!(kept.is_sealed());
    assert_eq!(seals.open_kept(&here, &kept), Ok(secret("Bearer abc")));
    assert_eq!(none.open_kept(&here, &kept), Err(SealError::OtherKey));
}

#[test]
fn a_master_key_is_32_bytes_in_base64_and_is_never_printed() {
    let key = MasterKey::random();
    let text = key.to_text();
    let again: MasterKey = text.expose().parse().unwrap();
    let here = place(tenant_id(1));
    let sealed = Seals::new([&key]).seal(&here, &secret("abc")).unwrap();
    let opened = Seals::new([&again]).open(&here, &sealed);
    assert_eq!(opened, Ok(secret("abc")));
    for wrong in ["", "abc", "c2hvcnQ=", &format!("{}=", text.expose())] {
        let error = wrong.parse::<MasterKey>().unwrap_err();
        assert!(error.to_string().contains("openssl rand -base64 32"));
    }
    let seals = Seals::new([&key]);
    for shown in [format!("{key:?}"), format!("{seals:?}")] {
        assert!(!shown.contains(text.expose().trim_end_matches('=')));
    }
}

#[test]
fn the_file_of_a_database_is_told_by_its_url() {
    let file = |url: &str| Store::file(url).map(|path| path.display().to_string());
    assert_eq!(
        file("sqlite://frontdesk.db").as_deref(),
        Some("frontdesk.db")
    );
    let spaced = file("sqlite:///var/my%20desk.db?cache=shared");
    assert_eq!(spaced.as_deref(), Some("/var/my desk.db"));
    for none in [
        "sqlite::memory:",
        "sqlite://x?mode=memory",
        "postgres://u@h/n",
    ] {
        assert_eq!(file(none), None, "{none}");
    }
}

proptest! {
    #[test]
    fn whatever_was_changed_does_not_open(text in ".{0,60}", at in any::<usize>(), by in 1_u8..=255) {
        let seals = Seals::new([&MasterKey::random()]);
        let here = place(tenant_id(1));
        let sealed = seals.seal(&here, &secret(&text)).unwrap();
        prop_assert_eq!(seals.open(&here, &sealed), Ok(secret(&text)));
        let mut bytes = sealed.body().as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = bytes[at].wrapping_add(by);
        if let Ok(body) = String::from_utf8(bytes) {
            prop_assert!(seals.open(&here, &Sealed::new(&body)).is_err());
        }
    }
}
