//! A cable to a database that can be pulled out and put in again, or go dead.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::database::{postgres_at, postgres_of};

/// A cable; gone when it is dropped.
pub(crate) struct Cable {
    /// The same database, at the other end of the cable.
    pub(crate) url: String,
    is_in: Arc<watch::Sender<bool>>,
    dies: Arc<watch::Sender<()>>,
    lying: JoinHandle<()>,
}

impl Cable {
    /// A cable to the database of that URL, plugged in.
    pub(crate) async fn to(url: &str) -> Self {
        let there = postgres_of(url);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let is_in = Arc::new(watch::Sender::new(true));
        let dies = Arc::new(watch::Sender::new(()));
        let (plug, death) = (Arc::clone(&is_in), Arc::clone(&dies));
        let lying = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, there, (plug.subscribe(), death.subscribe())));
            }
        });
        Self {
            url: postgres_at(url, here),
            is_in,
            dies,
            lying,
        }
    }

    /// Cuts what goes through it; nobody gets through any more.
    pub(crate) fn pull(&self) {
        self.is_in.send_replace(false);
    }

    /// From now on whoever is connected is heard, never answered, and told nothing of it, as
    /// if the host at the other end had gone out. Who comes from now on gets through.
    pub(crate) async fn die(&self) {
        self.dies.send_replace(());
        // Nothing is under way any more.
        self.dies.closed().await;
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

async fn carry(
    mut near: TcpStream,
    there: SocketAddr,
    (mut is_in, mut dies): (watch::Receiver<bool>, watch::Receiver<()>),
) {
    if !*is_in.borrow_and_update() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(there).await else {
        return;
    };
    let is_dead = tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => false,
        _ = is_in.wait_for(|is_in| !is_in) => false,
        Ok(()) = dies.changed() => true,
    };
    drop(dies);
    if is_dead {
        // Until whoever is connected gives it up.
        let _ = copy(&mut near, &mut sink()).await;
    }
}
