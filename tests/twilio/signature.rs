//! Signatures: Twilio's vectors, forgeries of each part, and the oracle's cases.

use proptest::prelude::*;

use frontdesk::domain::Secret;
use frontdesk::twilio::signature::{Error, Signature, Verifier, sign, sign_sha256, with_body_hash};
use frontdesk::twilio::webhook::parse_form;

const TOKEN: &str = "12345";
const VOICE: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
const VOICE_FORM: [(&str, &str); 5] = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
];
const VOICE_SIGNATURE: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
const JSON: &str = r#"{"CallSid":"CA1234567890ABCDE","Caller":"+12349013030"}"#;
const JSON_URL: &str = "https://example.com/myapp?bodySHA256=\
    5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9";
const JSON_SIGNATURE: &str = "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo=";

#[test]
fn twilios_vectors_for_forms_are_made_and_accepted() {
    let other_caller = VOICE_FORM.map(|(name, value)| match name {
        "Caller" | "From" => (name, "+12349013030"),
        _ => (name, value),
    });
    for (url, form, signature) in [
        (VOICE, VOICE_FORM.to_vec(), VOICE_SIGNATURE),
        (VOICE, other_caller.to_vec(), "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        (
            "https://example.com/voice",
            vec![],
            "D4QuouVN9rnoGVWTDp6pJurE7gw=",
        ),
        (
            "https://example.com/voice",
            vec![("Body", "é &+%"), ("Empty", "")],
            "LvADb8KMNbYIcwLl0DxTvVUZ6m8=",
        ),
    ] {
        let form = pairs(&form);
        assert_eq!(sign(&token(), url, &form), signature);
        assert_eq!(verifier().verify_form(url, &form, signature), Ok(()));
        let mut shuffled = form.clone();
        shuffled.reverse();
        assert_eq!(verifier().verify_form(url, &shuffled, signature), Ok(()));
    }
}

#[test]
fn twilios_vectors_for_upgrades_are_made_and_accepted() {
    for (url, signature) in [
        ("wss://example.com/media", "7PR3qMkpDyEJtMrVOY/LDyNq8J8="),
        ("wss://h.example/media", "iipxWStCPwHv8TIpyhnkV93xQtA="),
    ] {
        assert_eq!(sign(&token(), url, &[]), signature);
        assert_eq!(verifier().verify_upgrade(url, signature), Ok(()));
        let https = url.replace("wss://", "https://");
        assert_eq!(
            verifier().verify_upgrade(&https, signature),
            Err(Error::Mismatch)
        );
        let slash = format!("{url}/");
        assert_eq!(
            verifier().verify_upgrade(&slash, signature),
            Err(Error::Mismatch)
        );
        let with_port = url.replacen("/media", ":443/media", 1);
        let over_port = sign(&token(), &with_port, &[]);
        assert_eq!(
            verifier().verify_upgrade(url, &*over_port),
            Err(Error::Mismatch)
        );
        assert_eq!(verifier().verify_upgrade(&with_port, &*over_port), Ok(()));
    }
}

#[test]
fn twilios_vector_for_json_is_made_and_accepted() {
    assert_eq!(
        with_body_hash("https://example.com/myapp", JSON.as_bytes()),
        JSON_URL
    );
    assert_eq!(sign(&token(), JSON_URL, &[]), JSON_SIGNATURE);
    assert_eq!(
        verifier().verify_json(JSON_URL, JSON.as_bytes(), JSON_SIGNATURE),
        Ok(())
    );
}

#[test]
fn w4_every_part_of_a_form_is_covered() {
    let form = pairs(&VOICE_FORM);
    let check =
        |url: &str, form: &[(String, String)]| verifier().verify_form(url, form, VOICE_SIGNATURE);
    assert_eq!(check(VOICE, &form), Ok(()));
    for index in 0..form.len() {
        let mut forged = form.clone();
        forged[index].1.push('0');
        assert_eq!(check(VOICE, &forged), Err(Error::Mismatch), "value {index}");
        let mut forged = form.clone();
        forged[index].0.push('x');
        assert_eq!(check(VOICE, &forged), Err(Error::Mismatch), "name {index}");
        let mut forged = form.clone();
        forged.remove(index);
        assert_eq!(
            check(VOICE, &forged),
            Err(Error::Mismatch),
            "without {index}"
        );
        let mut forged = form.clone();
        forged[index].1 = format!(" {}", forged[index].1);
        assert_eq!(
            check(VOICE, &forged),
            Err(Error::Mismatch),
            "space in {index}"
        );
    }
    let mut forged = form.clone();
    forged.push(("Extra".to_owned(), String::new()));
    assert_eq!(check(VOICE, &forged), Err(Error::Mismatch));
    for url in [
        "http://mycompany.com/myapp.php?foo=1&bar=2",
        "https://mycompany.org/myapp.php?foo=1&bar=2",
        "https://mycompany.com/Myapp.php?foo=1&bar=2",
        "https://mycompany.com/myapp.php?bar=2&foo=1",
        "https://mycompany.com/myapp.php?foo=1&bar=2&baz=3",
        "https://mycompany.com/myapp.php?foo=1&bar=%32",
        "https://mycompany.com//myapp.php?foo=1&bar=2",
        "https://mycompany.com/myapp.php",
    ] {
        assert_eq!(check(url, &form), Err(Error::Mismatch), "{url}");
    }
    let other = Verifier::new([Secret::new("12346".to_owned())]);
    assert_eq!(
        other.verify_form(VOICE, &form, VOICE_SIGNATURE),
        Err(Error::Mismatch)
    );
}

#[test]
fn w4_every_bit_of_a_signature_counts() {
    let form = pairs(&VOICE_FORM);
    for (index, letter) in VOICE_SIGNATURE
        .char_indices()
        .filter(|(_, letter)| *letter != '=')
    {
        let mut forged = VOICE_SIGNATURE.to_owned();
        let other = if letter == 'A' { "B" } else { "A" };
        forged.replace_range(index..=index, other);
        let verdict = verifier().verify_form(VOICE, &form, &*forged);
        assert!(
            matches!(verdict, Err(Error::Mismatch | Error::Malformed)),
            "{forged}"
        );
    }
}

#[test]
fn a_missing_a_malformed_and_a_wrong_signature_are_told_apart() {
    let check = |signature: Option<&str>| verifier().verify_get(VOICE, signature);
    for missing in [None, Some(""), Some("  ")] {
        assert_eq!(check(missing), Err(Error::Missing));
    }
    let long = "A".repeat(100_000);
    for malformed in ["*", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "RSOY", "é", &long] {
        assert_eq!(check(Some(malformed)), Err(Error::Malformed));
    }
    assert_eq!(check(Some(VOICE_SIGNATURE)), Err(Error::Mismatch));
    assert_eq!(check(Some(&sign(&token(), VOICE, &[]))), Ok(()));
}

#[test]
fn ports_are_tried_as_twilios_validators_try_them() {
    let check = |asked: &str, signed: &str| {
        verifier()
            .verify_get(asked, &*sign(&token(), signed, &[]))
            .is_ok()
    };
    let (bare, https) = ("https://h.example/x?a=1", "https://h.example:443/x?a=1");
    let other = "https://h.example:8443/x?a=1";
    assert!(check(bare, bare) && check(https, https) && check(other, other));
    assert!(check(https, bare) && check(bare, https));
    assert!(check(other, bare) && !check(bare, other));
    assert!(!check(other, https) && !check(https, other));
    assert!(check("http://h.example/x", "http://h.example:80/x"));
    assert!(!check("http://h.example/x", "http://h.example:443/x"));
    assert!(check("https://[::1]:8443/x", "https://[::1]/x"));
    assert!(check("https://[::1]/x", "https://[::1]:443/x"));
    assert!(check(
        "https://u:p@h.example:8443/x",
        "https://u:p@h.example/x"
    ));
    assert!(check(
        "https://h.example?a=b:1",
        "https://h.example:443?a=b:1"
    ));
    assert!(check("https://h.example/x#rc=2", "https://h.example/x"));
    assert!(check("no url at all", "no url at all"));
}

#[test]
fn repeated_names_are_sorted_and_counted_once() {
    let form = pairs(&[
        ("b", "2"),
        ("_", "3"),
        ("A", "1"),
        ("b", "1"),
        ("b", "2"),
        ("e", ""),
    ]);
    let plain = sign(&token(), "https://h/xA1_3b1b2e", &[]);
    assert_eq!(sign(&token(), "https://h/x", &form), plain);
    assert_eq!(
        verifier().verify_form("https://h/x", &form, &*plain),
        Ok(())
    );
}

#[test]
fn a_body_hash_protects_the_body_however_it_is_typed() {
    let check = |body: &[u8]| verifier().verify_json(JSON_URL, body, JSON_SIGNATURE);
    assert_eq!(check(b"{}"), Err(Error::Body));
    assert_eq!(check(b""), Err(Error::Body));
    // Taken for a form or a GET, the body must not slip by unread.
    let as_form = |body: &[u8]| verifier().verify_form_body(JSON_URL, body, JSON_SIGNATURE);
    assert_eq!(as_form(b""), Err(Error::Body));
    assert_eq!(as_form(b"CallSid=CA666"), Err(Error::Mismatch));
    assert_eq!(
        verifier().verify_form(JSON_URL, &[], JSON_SIGNATURE),
        Err(Error::Body)
    );
    assert_eq!(
        verifier().verify_get(JSON_URL, JSON_SIGNATURE),
        Err(Error::Body)
    );
    // A body without a hash in the URL is covered by nothing.
    let bare = sign(&token(), "https://example.com/myapp", &[]);
    let verdict = verifier().verify_json("https://example.com/myapp", JSON.as_bytes(), &*bare);
    assert_eq!(verdict, Err(Error::Body));
    // A forged hash breaks the signature, which covers the URL.
    let forged = with_body_hash("https://example.com/myapp", b"{}");
    let verdict = verifier().verify_json(&forged, b"{}", JSON_SIGNATURE);
    assert_eq!(verdict, Err(Error::Mismatch));
}

#[test]
fn a_form_whose_url_has_the_right_hash_is_accepted() {
    let body = b"CallSid=CA1&From=%2B1555";
    let url = with_body_hash("https://h.example/x?a=1", body);
    let form = parse_form(body);
    let signature = sign(&token(), &url, &form);
    assert_eq!(
        verifier().verify_form_body(&url, body, &*signature),
        Ok(form)
    );
}

#[test]
fn either_of_two_tokens_signs_and_an_empty_one_never_does() {
    let [old, new, none] = ["old", "new", ""].map(|text| Secret::new(text.to_owned()));
    let both = Verifier::new([old.clone(), new.clone()]);
    for key in [&old, &new] {
        assert_eq!(both.verify_get(VOICE, &*sign(key, VOICE, &[])), Ok(()));
    }
    let forged = sign(&none, VOICE, &[]);
    for verifier in [both, Verifier::new([none]), Verifier::new([])] {
        assert_eq!(verifier.verify_get(VOICE, &*forged), Err(Error::Mismatch));
    }
}

#[test]
fn only_a_configured_shared_key_signs_with_sha256() {
    let form = pairs(&[("a", "1")]);
    let url = "https://h/x";
    let strong = "sBGsQv/ijNgcmpBBZNgM+Bq1ONrLtDCeWf9y6oMEDhA=";
    assert_eq!(sign_sha256(&token(), url, &form), strong);
    let shared = Verifier::new([Secret::new("another".to_owned())])
        .with_shared_key("webhooks_sharedkey_1", token());
    let check = |verifier: &Verifier, signature: &str, settings: &str| {
        let signature = Signature::from(signature).with_settings(Some(settings));
        verifier.verify_form(url, &form, signature)
    };
    let named = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256";
    assert_eq!(check(&shared, strong, named), Ok(()));
    let weak = sign(&token(), url, &form);
    let sha1 = "key=webhooks_sharedkey_1, algorithm=HMAC_SHA1";
    assert_eq!(check(&shared, &weak, sha1), Ok(()));
    assert_eq!(check(&shared, &weak, "key=webhooks_sharedkey_1"), Ok(()));
    assert_eq!(check(&shared, &weak, named), Err(Error::Malformed));
    assert_eq!(
        shared.verify_form(url, &form, strong),
        Err(Error::Malformed)
    );
    // The request must not turn the account's token into a key of another kind.
    for settings in [
        "algorithm=HMAC_SHA256",
        "key=,algorithm=HMAC_SHA256",
        "key=other,algorithm=HMAC_SHA256",
        "key=other",
        "key=webhooks_sharedkey_1,algorithm=HMAC_MD5",
        "nonsense",
    ] {
        let verdict = check(&verifier(), strong, settings);
        assert_eq!(verdict, Err(Error::UnknownKey), "{settings}");
    }
    assert_eq!(check(&verifier(), &weak, " "), Ok(()));
}

#[test]
fn a_verifier_does_not_print_its_tokens() {
    let verifier = verifier().with_shared_key("id", Secret::new("67890".to_owned()));
    let shown = format!("{verifier:?}");
    assert!(
        !shown.contains(TOKEN) && !shown.contains("67890"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_nothing_beside_it(
        path in "[ -~é]{0,20}",
        form in proptest::collection::vec(any::<(String, String)>(), 0..6),
        at in any::<proptest::sample::Index>(),
    ) {
        let url = format!("https://h.example/{}", path.replace(['#', '?'], "/"));
        let signature = sign(&token(), &url, &form);
        prop_assert_eq!(verifier().verify_form(&url, &form, &*signature), Ok(()));
        if !form.is_empty() {
            let mut forged = form.clone();
            forged[at.index(form.len())].1.push_str("forged by the test");
            prop_assert_eq!(verifier().verify_form(&url, &forged, &*signature), Err(Error::Mismatch));
        }
    }

    #[test]
    fn no_header_and_no_url_make_the_verifier_panic(url in any::<String>(), header in any::<String>()) {
        let _ = verifier().verify_form_body(&url, header.as_bytes(), &*header);
        let _ = verifier().verify_json(&url, &[], Signature::from(&*header).with_settings(Some(&header)));
    }
}

fn token() -> Secret<String> {
    Secret::new(TOKEN.to_owned())
}

fn verifier() -> Verifier {
    Verifier::new([token()])
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
