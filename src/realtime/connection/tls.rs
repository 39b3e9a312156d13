//! TLS on a line, with room only for what is on its way.
//!
//! The usual adapters keep their room for as long as the line lives: the largest record that
//! ever came, on each of a thousand lines that say something now and then. Here the room belongs
//! to the thread, as on the way out (`bridge::outbox`), and a line has some of its own only
//! while a record has come in part, or its peer does not keep up. What TLS is, is left to
//! `rustls`, in its unbuffered form.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{AppDataRecord, ConnectionState, UnbufferedStatus};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::room::{RECORD, Room};

/// Plaintext of a record (RFC 8446, section 5.1).
const FRAGMENT: usize = 16 * 1024;
/// A message of a handshake may go over several records: a server's certificates.
const MAX_INCOMING: usize = 64 * 1024 + RECORD;
/// What encryption adds to a fragment, and some more.
const OVERHEAD: usize = 64;

/// A client's side of TLS on `S`.
pub struct TlsStream<S> {
    line: S,
    tls: Box<UnbufferedClientConnection>,
    /// Came, and is not decrypted: what there is of a record.
    incoming: Room,
    /// Is decrypted, and was not asked for yet.
    plain: Room,
    /// Is encrypted, and has not left.
    outgoing: Room,
    /// Why nothing more can be said or heard, if so.
    failure: Option<rustls::Error>,
    /// The peer has said goodbye.
    is_over: bool,
    has_said_goodbye: bool,
}

impl<S: fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TlsStream");
        shown.field("line", &self.line).finish_non_exhaustive()
    }
}

/// What we have to say.
#[derive(Clone, Copy)]
enum Say<'a> {
    Nothing,
    Data(&'a [u8]),
    Goodbye,
}

/// How far a connection came with what there was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    /// Something was decrypted.
    Read,
    /// The handshake needs more of the peer.
    Handshaking,
    /// All is decrypted, and what there was to say is in [`TlsStream::outgoing`].
    Open,
    /// Nothing can be said or heard any more.
    Over,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Shakes hands with the server called `name`.
    ///
    /// What `rustls` objects to is in the error.
    pub async fn connect(
        line: S,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let tls = UnbufferedClientConnection::new(config, name).map_err(invalid)?;
        let mut stream = Self {
            line,
            tls: Box::new(tls),
            incoming: Room::default(),
            plain: Room::default(),
            outgoing: Room::default(),
            failure: None,
            is_over: false,
            has_said_goodbye: false,
        };
        poll_fn(|cx| stream.poll_handshake(cx)).await?;
        Ok(stream)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let step = self.step(&mut ReadBuf::new(&mut []), Say::Nothing);
            // Of what cannot be agreed on, too: the alert tells the other side why. And whoever
            // does not take it yet may have more to say first.
            let sent = self.poll_send(cx);
            match step? {
                Step::Read => {}
                Step::Handshaking => {
                    if ready!(self.poll_fill(cx))? == 0 {
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
                // A server may say goodbye as soon as hands are shaken.
                Step::Over if self.tls.is_handshaking() => {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Step::Open | Step::Over => return sent,
            }
        }
    }

    /// Takes what the line has.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.incoming.filled().len() >= MAX_INCOMING {
            let message = rustls::Error::General("a message without an end".to_owned());
            return Poll::Ready(Err(invalid(message)));
        }
        let mut buffer = ReadBuf::new(self.incoming.spare(1));
        let polled = Pin::new(&mut self.line).poll_read(cx, &mut buffer);
        let came = buffer.filled().len();
        self.incoming.add(came);
        // Whoever waits, waits without a room.
        self.incoming.leave_if_empty();
        polled.map_ok(|()| came)
    }

    /// Sends what is encrypted.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let waiting = self.outgoing.filled();
            match ready!(Pin::new(&mut self.line).poll_write(cx, waiting))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.outgoing.remove(sent),
            }
        }
        self.outgoing.leave_if_empty();
        Poll::Ready(Ok(()))
    }
}

impl<S> TlsStream<S> {
    /// What the connection runs on.
    pub fn get_ref(&self) -> &S {
        &self.line
    }

    /// Goes through what came, and says `say` once that can be done. What is decrypted goes
    /// `into` the reader's buffer, and what finds no room there waits.
    fn step(&mut self, into: &mut ReadBuf<'_>, say: Say<'_>) -> io::Result<Step> {
        if let Some(failure) = &self.failure {
            return Err(invalid(failure.clone()));
        }
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.tls.process_tls_records(self.incoming.filled());
            let step = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let AppDataRecord {
                            discard: more,
                            payload,
                        } = record.map_err(invalid)?;
                        discard += more;
                        self.plain.put(payload, into);
                    }
                    Some(Step::Read)
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    self.outgoing.fill(0, |room| data.encode(room))?;
                    None
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    // It leaves in its order, before anything that is said later.
                    data.done();
                    None
                }
                Ok(ConnectionState::BlockedHandshake) => Some(Step::Handshaking),
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let outgoing = &mut self.outgoing;
                    match say {
                        Say::Nothing => {}
                        Say::Data(bytes) => outgoing
                            .fill(bytes.len() + OVERHEAD, |room| traffic.encrypt(bytes, room))?,
                        Say::Goodbye => {
                            outgoing.fill(OVERHEAD, |room| traffic.queue_close_notify(room))?;
                        }
                    }
                    Some(Step::Open)
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.is_over = true;
                    matches!(say, Say::Nothing).then_some(Step::Over)
                }
                Ok(_) => Some(Step::Over),
                Err(error) => {
                    self.incoming.remove(discard);
                    self.take_alert();
                    // What is broken is not looked at again.
                    self.failure = Some(error.clone());
                    return Err(invalid(error));
                }
            };
            self.incoming.remove(discard);
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// Takes what `rustls` has to say to a peer that broke the rules.
    fn take_alert(&mut self) {
        while self.tls.wants_write() {
            let status = self.tls.process_tls_records(self.incoming.filled());
            let Ok(ConnectionState::EncodeTlsData(mut alert)) = status.state else {
                return;
            };
            let told = self.outgoing.fill(OVERHEAD, |room| alert.encode(room));
            if told.is_err() {
                return;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let before = buffer.remaining();
        loop {
            stream.plain.pour(buffer);
            if buffer.remaining() < before || before == 0 || stream.is_over {
                return Poll::Ready(Ok(()));
            }
            match stream.step(buffer, Say::Nothing) {
                Ok(Step::Read) => {}
                Ok(Step::Handshaking | Step::Open) => {
                    if ready!(stream.poll_fill(cx))? == 0 {
                        // Whoever cuts the line could have left out the end.
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
                Ok(Step::Over) => stream.is_over = true,
                Err(error) => {
                    let _ = stream.poll_send(cx);
                    return Poll::Ready(Err(error));
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    /// Encrypts at most one record, and takes nothing before the one before it has left.
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        ready!(stream.poll_send(cx))?;
        let bytes = &bytes[..bytes.len().min(FRAGMENT)];
        loop {
            match stream.step(&mut ReadBuf::new(&mut []), Say::Data(bytes)) {
                // It waits for the reader.
                Ok(Step::Read) => {}
                Ok(Step::Open) => break,
                Ok(Step::Handshaking | Step::Over) => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                Err(error) => {
                    let _ = stream.poll_send(cx);
                    return Poll::Ready(Err(error));
                }
            }
        }
        match stream.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // The rest leaves when it can.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        ready!(stream.poll_send(cx))?;
        Pin::new(&mut stream.line).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        while !stream.has_said_goodbye {
            let step = stream.step(&mut ReadBuf::new(&mut []), Say::Goodbye);
            // A connection that is broken takes no goodbye.
            stream.has_said_goodbye = !matches!(step, Ok(Step::Read));
        }
        ready!(stream.poll_send(cx))?;
        match ready!(Pin::new(&mut stream.line).poll_shutdown(cx)) {
            // The peer was the first to go.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::join;
    use proptest::prelude::*;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::version::{TLS12, TLS13};
    use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex, split};
    use tokio::time::timeout;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::server;

    use super::*;

    type Client = TlsStream<DuplexStream>;
    type Server = server::TlsStream<DuplexStream>;

    /// Both sides of a conversation, with `links` certificates in the chain.
    fn configs(
        version: &'static SupportedProtocolVersion,
        links: usize,
    ) -> (Arc<ClientConfig>, TlsAcceptor) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let certificate = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate; links], key)
            .unwrap();
        (Arc::new(client), TlsAcceptor::from(Arc::new(server)))
    }

    fn localhost() -> ServerName<'static> {
        ServerName::try_from("localhost").unwrap()
    }

    /// A conversation over a line that holds `room` bytes.
    async fn pair(version: &'static SupportedProtocolVersion, room: usize) -> (Client, Server) {
        let (client, acceptor) = configs(version, 1);
        let (near, far) = duplex(room);
        let connecting = TlsStream::connect(near, client, localhost());
        let (client, server) = join(connecting, acceptor.accept(far)).await;
        (client.unwrap(), server.unwrap())
    }

    /// Says `said` in pieces of `piece` bytes, and a goodbye.
    async fn say(mut to: impl AsyncWrite + Unpin, said: &[u8], piece: usize) {
        for piece in said.chunks(piece) {
            to.write_all(piece).await.unwrap();
            to.flush().await.unwrap();
        }
        to.shutdown().await.unwrap();
    }

    /// Hears all of it, at most `piece` bytes at a time.
    async fn hear(mut from: impl AsyncRead + Unpin, piece: usize) -> Vec<u8> {
        let (mut heard, mut buffer) = (Vec::new(), vec![0; piece]);
        loop {
            match from.read(&mut buffer).await.unwrap() {
                0 => return heard,
                len => heard.extend_from_slice(&buffer[..len]),
            }
        }
    }

    fn run<F: Future>(future: F) -> F::Output {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        // A line on which nothing moves any more has failed.
        let within = async { timeout(Duration::from_hours(1), future).await };
        runtime.block_on(within).expect("the line goes on")
    }

    /// A record that nobody has encrypted.
    fn nonsense() -> Vec<u8> {
        let mut record = vec![23, 3, 3, 0, 40];
        record.extend([7; 40]);
        record
    }

    fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
        error.get_ref()?.downcast_ref()
    }

    fn speech(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251).to_le_bytes()[0]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_said_is_heard_in_both_directions_whatever_the_pieces(
            is_old in any::<bool>(),
            room in prop_oneof![1_usize..64, 64_usize..40_000],
            (up, down) in (0_usize..70_000, 0_usize..70_000),
            (said, heard) in (1_usize..40_000, 1_usize..9_000),
        ) {
            let version = if is_old { &TLS12 } else { &TLS13 };
            run(async {
                let (client, acceptor) = configs(version, 1);
                let (near, far) = duplex(room);
                let (up, down) = (speech(up), speech(down));
                // A server has something more to say once hands are shaken: it is read meanwhile.
                let client = async {
                    let client = TlsStream::connect(near, client, localhost()).await.unwrap();
                    let (hears, says) = split(client);
                    join(say(says, &up, said), hear(hears, heard)).await.1
                };
                let server = async {
                    let (hears, says) = split(acceptor.accept(far).await.unwrap());
                    join(say(says, &down, said), hear(hears, heard)).await.1
                };
                let (client_heard, server_heard) = join(client, server).await;
                assert!(client_heard == down && server_heard == up);
            });
        }

        #[test]
        fn of_what_is_corrupted_on_its_way_nothing_is_believed(
            at in 0_usize..9_000,
            bit in 0_u32..8,
            room in 1_usize..20_000,
        ) {
            run(async {
                let (client, acceptor) = configs(&TLS13, 1);
                let (near, mut middle) = duplex(room);
                let (mut other, far) = duplex(room);
                let said = speech(8_000);
                let server = async {
                    if let Ok(server) = acceptor.accept(far).await {
                        let (_rest, mut says) = split(server);
                        let _ = says.write_all(&said).await;
                        let _ = says.flush().await;
                    }
                };
                let relay = async {
                    let (mut near_reads, mut near_writes) = split(&mut middle);
                    let (mut far_reads, mut far_writes) = split(&mut other);
                    let corrupted = async {
                        let (mut passed, mut buffer) = (0, vec![0; 4_096]);
                        while let Ok(len @ 1..) = far_reads.read(&mut buffer).await {
                            if let Some(byte) = at.checked_sub(passed).filter(|at| *at < len) {
                                buffer[byte] ^= 1 << bit;
                            }
                            passed += len;
                            if near_writes.write_all(&buffer[..len]).await.is_err() {
                                break;
                            }
                        }
                        let _ = near_writes.shutdown().await;
                    };
                    let back = tokio::io::copy(&mut near_reads, &mut far_writes);
                    let _ = join(corrupted, back).await;
                };
                let heard = async {
                    let connected = TlsStream::connect(near, client, localhost());
                    let Ok(mut client) = timeout(Duration::from_mins(1), connected).await? else {
                        return Ok(Vec::new());
                    };
                    let mut heard = Vec::new();
                    let reading = client.read_to_end(&mut heard);
                    let read = timeout(Duration::from_mins(1), reading).await;
                    assert!(!matches!(read, Ok(Ok(_))), "nobody has said goodbye");
                    Ok::<_, tokio::time::error::Elapsed>(heard)
                };
                tokio::select! {
                    heard = heard => if let Ok(heard) = heard {
                        assert!(said.starts_with(&heard));
                    },
                    _ = join(server, relay) => {}
                }
            });
        }
    }

    #[test]
    fn a_line_that_rests_has_no_room_of_its_own() {
        run(async {
            let (mut client, mut server) = pair(&TLS13, 100_000).await;
            server.write_all(&speech(40_000)).await.unwrap();
            server.flush().await.unwrap();
            let mut heard = vec![0; 40_000];
            client.read_exact(&mut heard).await.unwrap();
            client.write_all(&speech(40_000)).await.unwrap();
            client.flush().await.unwrap();
            let more = poll_fn(|cx| {
                let mut buffer = [0; 10];
                let mut buffer = ReadBuf::new(&mut buffer);
                Poll::Ready(Pin::new(&mut client).poll_read(cx, &mut buffer).is_ready())
            });
            assert!(!more.await);
            for room in [&client.incoming, &client.plain, &client.outgoing] {
                assert_eq!(room.len(), 0);
            }
        });
    }

    #[test]
    fn a_peer_that_has_stopped_reading_costs_one_record() {
        run(async {
            let (mut client, _server) = pair(&TLS13, 4_096).await;
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let said = speech(100_000);
            let first = Pin::new(&mut client).poll_write(&mut cx, &said);
            assert!(matches!(first, Poll::Ready(Ok(FRAGMENT))));
            for _ in 0..3 {
                assert!(
                    Pin::new(&mut client)
                        .poll_write(&mut cx, &said)
                        .is_pending()
                );
                assert!(Pin::new(&mut client).poll_flush(&mut cx).is_pending());
            }
            assert_eq!(client.outgoing.len(), RECORD);
        });
    }

    #[test]
    fn the_end_is_believed_only_of_a_peer_that_says_goodbye() {
        run(async {
            for says_goodbye in [true, false] {
                let (mut client, mut server) = pair(&TLS13, 4_096).await;
                server.write_all(b"one moment").await.unwrap();
                server.flush().await.unwrap();
                if says_goodbye {
                    server.shutdown().await.unwrap();
                } else {
                    drop(server);
                }
                let mut heard = Vec::new();
                let end = client
                    .read_to_end(&mut heard)
                    .await
                    .map_err(|error| error.kind());
                assert_eq!(heard, b"one moment");
                let expected = if says_goodbye {
                    Ok(10)
                } else {
                    Err(io::ErrorKind::UnexpectedEof)
                };
                assert_eq!(end, expected);
            }
        });
    }

    #[test]
    fn a_peer_that_breaks_the_rules_is_told_so() {
        run(async {
            let (mut client, server) = pair(&TLS13, 4_096).await;
            let (mut line, mut connection) = server.into_inner();
            line.write_all(&nonsense()).await.unwrap();
            let error = client.read(&mut [0; 10]).await.unwrap_err();
            assert_eq!(of_tls(&error), Some(&rustls::Error::DecryptError));
            // It is told once, and nothing that comes later is believed.
            let error = client.read(&mut [0; 10]).await.unwrap_err();
            assert_eq!(of_tls(&error), Some(&rustls::Error::DecryptError));
            assert!(client.write(b"hello?").await.is_err());
            client.shutdown().await.unwrap();
            drop(client);
            let mut told = Vec::new();
            line.read_to_end(&mut told).await.unwrap();
            connection.read_tls(&mut &told[..]).unwrap();
            let error = connection.process_new_packets().unwrap_err();
            let alert = rustls::AlertDescription::BadRecordMac;
            assert_eq!(error, rustls::Error::AlertReceived(alert));
        });
    }

    #[test]
    fn a_peer_that_gives_up_is_not_argued_with() {
        run(async {
            let (mut client, server) = pair(&TLS13, 4_096).await;
            let (mut line, mut connection) = server.into_inner();
            // What the server cannot read makes it give up.
            connection.read_tls(&mut &nonsense()[..]).unwrap();
            connection.process_new_packets().unwrap_err();
            let mut told = Vec::new();
            while connection.wants_write() {
                connection.write_tls(&mut told).unwrap();
            }
            line.write_all(&told).await.unwrap();
            let alert = rustls::AlertDescription::BadRecordMac;
            for _ in 0..2 {
                let error = client.read(&mut [0; 10]).await.unwrap_err();
                assert_eq!(of_tls(&error), Some(&rustls::Error::AlertReceived(alert)));
            }
            drop(client);
            let mut rest = Vec::new();
            line.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty());
        });
    }

    #[test]
    fn a_message_without_an_end_is_not_waited_for() {
        run(async {
            let (client, _) = configs(&TLS13, 1);
            let (near, mut far) = duplex(100_000);
            // The beginning of a certificate of 65,535 bytes, one byte in each record.
            let message = [2, 0, 255, 255].into_iter().chain(std::iter::repeat(0));
            let records = message.take(65_535).flat_map(|byte| [22, 3, 3, 0, 1, byte]);
            let records: Vec<u8> = records.collect();
            let endless = async {
                let _ = far.write_all(&records).await;
                std::future::pending::<()>().await;
            };
            let connecting = TlsStream::connect(near, client, localhost());
            let error = tokio::select! {
                connected = connecting => connected.unwrap_err(),
                () = endless => unreachable!("it never ends"),
            };
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        });
    }

    #[test]
    fn new_keys_change_nothing() {
        run(async {
            let (mut client, mut server) = pair(&TLS13, 4_096).await;
            for _ in 0..3 {
                server.get_mut().1.refresh_traffic_keys().unwrap();
                server.write_all(b"there").await.unwrap();
                server.flush().await.unwrap();
                let mut heard = [0; 5];
                client.read_exact(&mut heard).await.unwrap();
                assert_eq!(&heard, b"there");
                client.write_all(b"and back").await.unwrap();
                client.flush().await.unwrap();
                let mut heard = [0; 8];
                server.read_exact(&mut heard).await.unwrap();
                assert_eq!(&heard, b"and back");
            }
        });
    }

    #[test]
    fn a_long_chain_of_certificates_is_read_and_one_without_an_end_is_not() {
        run(async {
            for (links, is_read) in [(100, true), (400, false)] {
                let (client, acceptor) = configs(&TLS13, links);
                let (near, far) = duplex(5_000);
                let connecting = TlsStream::connect(near, client, localhost());
                let (connected, _) = join(connecting, acceptor.accept(far)).await;
                assert_eq!(connected.is_ok(), is_read, "{links}");
            }
        });
    }

    #[test]
    fn a_server_that_hangs_up_or_speaks_no_tls_is_no_server() {
        run(async {
            for (answer, expected) in [
                (&b""[..], io::ErrorKind::UnexpectedEof),
                (
                    &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
                    io::ErrorKind::InvalidData,
                ),
            ] {
                let (client, _) = configs(&TLS13, 1);
                let (near, mut far) = duplex(4_096);
                far.write_all(answer).await.unwrap();
                far.shutdown().await.unwrap();
                let connected = TlsStream::connect(near, client, localhost()).await;
                assert_eq!(connected.unwrap_err().kind(), expected);
            }
        });
    }
}
