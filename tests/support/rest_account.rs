//! A simulated account at the carrier, and a client of ours that speaks for it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::Deref;
use std::time::Duration;

use frontdesk::domain::Secret;
use frontdesk::egress;
use frontdesk::rehearsal::rest::{RestExchange, RestOptions, RestServer};
use frontdesk::twilio::rest::{Account, Client, Patience};

/// The API key of the account, and its secret.
pub(crate) const KEY: &str = "SK2a0747eba6abf96b7e3c3ff0b4530f6e";
pub(crate) const SECRET: &str = "secret-of-the-api-key";

/// An account that only a client of ours asks: what the real one would not do
/// as meant fails the test, and all of it goes to the oracle.
pub(crate) struct RestAccount(RestServer);

impl RestAccount {
    /// An account without numbers, where these are for sale.
    pub(crate) async fn open(for_sale: &[&str]) -> Self {
        Self::with(for_sale, |_| {}).await
    }

    /// The same, with other options.
    pub(crate) async fn with(for_sale: &[&str], change: impl FnOnce(&mut RestOptions)) -> Self {
        let secret = Secret::new(SECRET.to_owned());
        let mut options = RestOptions::new(KEY, secret, for_sale);
        change(&mut options);
        let server = RestServer::start(options).await;
        Self(server.expect("a port is free"))
    }

    /// Speaks for the account; its back-off waits for nothing.
    pub(crate) fn client(&self) -> Client {
        self.client_of(self.account())
    }

    /// The same, and waits longer for an answer than any test takes.
    pub(crate) fn patient_client(&self) -> Client {
        let ages = Duration::from_mins(10);
        let patience = Patience {
            attempt: ages,
            total: ages,
            tries: 1,
        };
        self.client_for(self.account(), ages)
            .with_patience(patience)
    }

    /// Speaks for whom it says.
    pub(crate) fn client_of(&self, account: Account) -> Client {
        self.client_for(account, Duration::from_secs(10))
    }

    fn client_for(&self, account: Account, patience: Duration) -> Client {
        let http = egress::patient_for(Duration::from_secs(2), patience);
        let base = self.url().parse().expect("the server has an address");
        Client::new(http, base, account, || 0)
    }

    fn account(&self) -> Account {
        let secret = Secret::new(SECRET.to_owned());
        Account::with_key(self.account_sid(), KEY.to_owned(), secret)
    }

    /// Who asked, in order.
    pub(crate) fn users(&self) -> Vec<String> {
        let exchanges = self.exchanges().into_iter();
        exchanges.map(|exchange| exchange.request.user).collect()
    }

    /// Methods and last parts of the paths of all requests, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let exchanges = self.exchanges();
        let requests = exchanges.iter().map(|exchange| &exchange.request);
        requests
            .map(|request| {
                let last = request.path.rsplit('/').next().unwrap_or_default();
                let last = if last.len() > 34 { "it" } else { last };
                format!("{} {}", request.method, last.trim_end_matches(".json"))
            })
            .collect()
    }
}

impl Deref for RestAccount {
    type Target = RestServer;

    fn deref(&self) -> &RestServer {
        &self.0
    }
}

impl Drop for RestAccount {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert_eq!(self.violations(), Vec::<String>::new());
        let Some(folder) = std::env::var_os("FRONTDESK_ORACLE_DIR") else {
            return;
        };
        let path = std::path::Path::new(&folder).join("twilio_rest.jsonl");
        let exchanges = self.exchanges();
        // The library has no function for sound.
        let has_judge = |one: &&RestExchange| {
            !one.request.path.contains("/Recordings/RE") || one.request.method != "GET"
        };
        let judged = exchanges.iter().filter(has_judge);
        let lines = judged.map(|one| format!("{}\n", one.to_json()));
        let lines: String = lines.collect();
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(lines.as_bytes()))
            .expect("the oracle's folder is there");
    }
}
