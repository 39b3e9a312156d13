//! The simulated REST interface as a server: start it, look at it, drop it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use super::account::{
    Account, OwnedNumber, RestCall, RestConference, RestMessage, RestParticipant, RestRecording,
};
use super::answer::{Answer, now, refusal};
use super::ledger::Ledger;
use super::live::LiveCalls;
use super::options::{RestFault, RestOptions};
use super::request::{RestExchange, RestRequest};
use crate::rehearsal::exchange::Exchange;
use crate::rehearsal::names::carrier_name;

/// The REST interface of one account on a loopback port. Dropping it closes it.
#[derive(Debug)]
pub struct RestServer {
    address: SocketAddr,
    account: Ledger,
    stop: CancellationToken,
}

impl RestServer {
    /// Binds 127.0.0.1 and serves from a task of its own.
    pub async fn start(options: RestOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let server = Self {
            address: listener.local_addr()?,
            account: Ledger::new(options),
            stop: CancellationToken::new(),
        };
        tokio::spawn(listen(
            listener,
            server.account.clone(),
            server.stop.clone(),
        ));
        Ok(server)
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The account's SID.
    pub fn account_sid(&self) -> String {
        self.account
            .with(|account| account.options.account_sid.clone())
    }

    /// What the account shares with the calls of a carrier.
    pub fn exchange(&self) -> Exchange {
        self.account.with(|account| account.exchange.clone())
    }

    /// What goes wrong with the next requests, in order; then nothing does.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = RestFault>) {
        self.account.with(|account| account.faults.extend(faults));
    }

    /// Gives the account a number, bought at another time by somebody else.
    pub fn own(&self, phone_number: &str) -> OwnedNumber {
        let number = OwnedNumber {
            sid: carrier_name("PN"),
            phone_number: phone_number.to_owned(),
            can: [true; 3],
            settings: Vec::new(),
            created: now(),
        };
        self.account
            .with(|account| account.numbers.push(number.clone()));
        number
    }

    /// Takes a number from the account, as somebody at the console does.
    pub fn disown(&self, phone_number: &str) {
        self.account.with(|account| {
            let is_other = |one: &OwnedNumber| one.phone_number != phone_number;
            account.numbers.retain(is_other);
        });
    }

    /// Puts a call into the account, or another state of one that is there.
    pub fn put_call(&self, call: RestCall) {
        self.account.with(|account| {
            account.calls.retain(|other| other.sid != call.sid);
            account.calls.push(call);
        });
    }

    /// The account's calls while they go on, for a carrier that plays them.
    pub fn live(&self) -> LiveCalls {
        LiveCalls(self.account.clone())
    }

    /// Opens a conference.
    pub fn convene(&self, conference: RestConference) {
        self.account
            .with(|account| account.conferences.push(conference));
    }

    /// The conferences that there are and were.
    pub fn conferences(&self) -> Vec<RestConference> {
        self.account.with(|account| account.conferences.clone())
    }

    /// Puts a call into a conference.
    pub fn join(&self, participant: RestParticipant) {
        self.account
            .with(|account| account.participants.push(participant));
    }

    /// The account's numbers.
    pub fn numbers(&self) -> Vec<OwnedNumber> {
        self.account.with(|account| account.numbers.clone())
    }

    /// The account's calls.
    pub fn calls(&self) -> Vec<RestCall> {
        self.account.with(|account| account.calls.clone())
    }

    /// Who is in any conference.
    pub fn participants(&self) -> Vec<RestParticipant> {
        self.account.with(|account| account.participants.clone())
    }

    /// The messages that were sent.
    pub fn messages(&self) -> Vec<RestMessage> {
        self.account.with(|account| account.messages.clone())
    }

    /// Keeps a recording.
    pub fn keep(&self, sid: &str, wav: &[u8]) {
        let recording = RestRecording {
            sid: sid.to_owned(),
            wav: wav.to_vec(),
        };
        self.account
            .with(|account| account.recordings.push(recording));
    }

    /// The recordings that the account has.
    pub fn recordings(&self) -> Vec<RestRecording> {
        self.account.with(|account| account.recordings.clone())
    }

    /// Every request with its answer, in order.
    pub fn exchanges(&self) -> Vec<RestExchange> {
        self.account.with(|account| account.exchanges.clone())
    }

    /// What the client did that the real one would not do as meant.
    pub fn violations(&self) -> Vec<String> {
        self.account.with(|account| account.violations.clone())
    }
}

impl Drop for RestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listen(listener: TcpListener, account: Ledger, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, mostly: it passes.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (account, stop) = (account.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = serve(stream, account) => {}
            }
        });
    }
}

async fn serve(stream: TcpStream, account: Ledger) {
    let service = service_fn(|request| respond(request, account.clone()));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // A connection that broke was broken on purpose, or by the client.
    let _ = connection.await;
}

async fn respond(
    request: Request<Incoming>,
    account: Ledger,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let credentials = credentials(&request);
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    let user = credentials.as_ref().map(|(user, _)| user.clone());
    let request = read(request, user.unwrap_or_default()).await?;
    let fault = account.with(|account| {
        if request.method == "POST" && !is_form {
            account.violate(&request, "the body is not a form by its own word");
        }
        account.faults.pop_front().unwrap_or(RestFault::None)
    });
    let refuse = |status, code, message| Some(refusal(status, code, message));
    let instead = match fault {
        RestFault::Busy { .. } => refuse(429, 20429, "Too Many Requests"),
        RestFault::Failure(status) => refuse(status, 20500, "Internal Server Error"),
        RestFault::Silence => {
            account.with(|account| note(account, &request, None));
            std::future::pending().await
        }
        RestFault::None
        | RestFault::FailureAfter(_)
        | RestFault::AnswerLost
        | RestFault::Garbage
        | RestFault::Flood(_) => None,
    };
    let (status, body, sound) = account.with(|account| {
        let answer = instead.unwrap_or_else(|| account.answer(&request, credentials.as_ref()));
        let is_told = matches!(fault, RestFault::None | RestFault::Busy { .. });
        note(account, &request, is_told.then(|| answer.clone()));
        let name = request.path.rsplit('/').next().unwrap_or_default();
        let sound = account.sound(name).filter(|_| answer.0 == 200);
        (answer.0, answer.1, sound)
    });
    match fault {
        RestFault::AnswerLost => Err(io::ErrorKind::ConnectionAborted.into()),
        RestFault::FailureAfter(status) => Ok(response(status, "{}".to_owned(), fault)),
        RestFault::Garbage => Ok(response(status, "<html>".to_owned(), fault)),
        RestFault::Flood(bytes) => Ok(response(status, " ".repeat(bytes), fault)),
        RestFault::None | RestFault::Busy { .. } | RestFault::Failure(_) | RestFault::Silence => {
            Ok(match sound {
                Some(sound) => heard(sound),
                None if body.is_null() => response(status, String::new(), fault),
                None => response(status, body.to_string(), fault),
            })
        }
    }
}

fn note(account: &mut Account, request: &RestRequest, answer: Option<Answer>) {
    let request = request.clone();
    account.exchanges.push(RestExchange { request, answer });
}

fn response(status: u16, body: String, fault: RestFault) -> Response<Full<Bytes>> {
    let asked = match fault {
        RestFault::Busy { retry_after } => retry_after,
        RestFault::None
        | RestFault::Failure(_)
        | RestFault::FailureAfter(_)
        | RestFault::Silence
        | RestFault::AnswerLost
        | RestFault::Garbage
        | RestFault::Flood(_) => None,
    };
    let mut response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json;charset=utf-8");
    if let Some(seconds) = asked {
        response = response.header(RETRY_AFTER, seconds);
    }
    response
        .body(Full::new(Bytes::from(body)))
        .expect("the parts of an answer are constant")
}

fn heard(sound: Vec<u8>) -> Response<Full<Bytes>> {
    Response::builder()
        .header(CONTENT_TYPE, "audio/x-wav")
        .body(Full::new(Bytes::from(sound)))
        .expect("the parts of an answer are constant")
}

async fn read(request: Request<Incoming>, user: String) -> Result<RestRequest, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let pairs = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect();
    // The address as the client wrote it: what needs escaping has none here.
    Ok(RestRequest {
        user,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: pairs(head.uri.query().unwrap_or_default().as_bytes()),
        form: pairs(&body),
    })
}

fn credentials(request: &Request<Incoming>) -> Option<(String, String)> {
    let text = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let text = STANDARD.decode(text.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
