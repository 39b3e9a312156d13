//! Addresses of an account's resources.

use url::Url;

/// The address of a resource of the account: `Calls/CA….json`. What stands in
/// `path` stays one part of it, whatever it holds.
pub(super) fn of(base: &Url, account_sid: &str, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments
            .pop_if_empty()
            .extend(["2010-04-01", "Accounts", account_sid])
            .extend(path);
    }
    url
}

/// The address that Twilio gives of a further page: a path and a query. None
/// if it leads out of the account.
pub(super) fn of_uri(base: &Url, account_sid: &str, uri: &str) -> Option<Url> {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(Some(query));
    let own = of(base, account_sid, &[]);
    let rest = url.path().strip_prefix(own.path());
    rest.is_some_and(|rest| rest.starts_with('/'))
        .then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_page_is_of_the_account_and_at_the_same_server() {
        for (base, prefix) in [
            ("https://api.twilio.com", "https://api.twilio.com"),
            (
                "http://127.0.0.1:4010/twilio/",
                "http://127.0.0.1:4010/twilio",
            ),
        ] {
            let base = base.parse().unwrap();
            assert_eq!(
                of(&base, "AC1", &["Calls", "a/b?.json"]).as_str(),
                format!("{prefix}/2010-04-01/Accounts/AC1/Calls/a%2Fb%3F.json")
            );
            let uri = "/2010-04-01/Accounts/AC1/Calls.json?Page=1&PageToken=PA1";
            let next = of_uri(&base, "AC1", uri).unwrap();
            assert_eq!(next.as_str(), format!("{prefix}{uri}"));
            for elsewhere in [
                "https://evil.example/2010-04-01/Accounts/AC1/Calls.json",
                "//evil.example/2010-04-01/Accounts/AC1/Calls.json",
                "/2010-04-01/Accounts/AC2/Calls.json",
                "/2010-04-01/Accounts/AC1/../AC2/Calls.json",
                "/2010-04-01/Accounts/AC11/Calls.json",
                "",
            ] {
                assert_eq!(of_uri(&base, "AC1", elsewhere), None, "{elsewhere}");
            }
        }
    }
}
