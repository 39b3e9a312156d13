//! A media stream without webhooks around it, over whatever carries it.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::caller::Caller;
use super::options::{CarrierOptions, Script};
use super::report::StreamReport;
use super::stream::{Stream, StreamPlan};
use super::teller::Teller;

/// What a stream says of itself when it starts.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The call that it belongs to.
    pub call_sid: String,
    /// Its own name.
    pub stream_sid: String,
    /// The token that the gateway gave out for it.
    pub token: String,
}

/// Runs a stream whose upgrade was granted, with a caller who follows `script`,
/// until one side ends it.
pub async fn stream_on<S: AsyncRead + AsyncWrite + Unpin>(
    socket: S,
    options: &CarrierOptions,
    opening: &Opening,
    script: &Script,
) -> StreamReport {
    let socket = WebSocketStream::from_raw_socket(socket, Role::Client, None).await;
    let mut report = StreamReport::new(opening.stream_sid.clone(), String::new(), Instant::now());
    let (listeners, _) = broadcast::channel(1);
    let mut teller = Teller::new(opening.call_sid.clone(), listeners);
    let mut caller = Caller::new(script);
    let parameters = [("token".to_owned(), opening.token.clone())];
    let plan = StreamPlan {
        options,
        faults: &script.faults,
        call_sid: &opening.call_sid,
        url: "",
        parameters: &parameters,
    };
    let stream = Stream::on(socket, plan, (&mut caller, &mut teller), &mut report);
    stream.run().await;
    report
}
