//! A cable to a database that can be pulled out and put in again.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::database::{postgres_at, postgres_of};

/// A cable; gone when it is dropped.
pub(crate) struct Cable {
    /// The same database, at the other end of the cable.
    pub(crate) url: String,
    is_in: Arc<watch::Sender<bool>>,
    lying: JoinHandle<()>,
}

impl Cable {
    /// A cable to the database of that URL, plugged in.
    pub(crate) async fn to(url: &str) -> Self {
        let there = postgres_of(url);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let is_in = Arc::new(watch::Sender::new(true));
        let plug = Arc::clone(&is_in);
        let lying = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, there, plug.subscribe()));
            }
        });
        Self {
            url: postgres_at(url, here),
            is_in,
            lying,
        }
    }

    /// Cuts what goes through it; nobody gets through any more.
    pub(crate) fn pull(&self) {
        self.is_in.send_replace(false);
    }

    /// Who comes from now on gets through again.
    pub(crate) fn plug_in(&self) {
        self.is_in.send_replace(true);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.lying.abort();
    }
}

async fn carry(mut near: TcpStream, there: SocketAddr, mut is_in: watch::Receiver<bool>) {
    if !*is_in.borrow_and_update() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(there).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = is_in.wait_for(|is_in| !is_in) => {}
    }
}
