//! Other programs on the same data: only one of them sends. The others tell it when there is
//! something to send, and it tells them when it has moved something on.
//!
//! Each listens on a datagram socket beside the database: the one that sends on `….wake`, every
//! other one on a `….wake.` of its own. What is said does not matter, and what gets lost because
//! somebody is slow is only one sign of several.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Notify;

use super::fetch::Messages;

/// The socket of the program that sends; those of the others have something behind it.
fn socket_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".wake");
    name.into()
}

/// Wakes the program that sends, if there is one.
#[cfg(unix)]
pub fn rouse(database: &Path) {
    if let Err(error) = sockets::poke(&socket_path(database)) {
        tracing::debug!("the program that sends was not told: {error}");
    }
}

/// Tells the programs that do not send that something has moved on.
#[cfg(unix)]
pub(super) fn tell_others(database: &Path) {
    for socket in sockets::of_others(&socket_path(database)) {
        let told = sockets::poke(&socket);
        // Whoever listened there was killed.
        if told.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused) {
            let _ = std::fs::remove_file(&socket);
        }
    }
}

/// Lets other programs wake the sender. To be called by the one that sends, which may take the
/// place of one that is gone.
#[cfg(unix)]
pub(super) async fn listen(database: PathBuf, wake: Arc<Notify>) {
    let path = socket_path(&database);
    let _ = std::fs::remove_file(&path);
    let socket = match tokio::net::UnixDatagram::bind(&path) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::warn!("other programs on the same data cannot wake the sender: {error}");
            return;
        }
    };
    while socket.recv(&mut [0; 1]).await.is_ok() {
        wake.notify_one();
    }
}

/// Passes on what the program that sends tells, for as long as it is polled. Without a socket, what
/// the other one sends is seen once that one ends.
#[cfg(unix)]
pub(super) async fn hear(database: &Path, messages: &Messages) -> Infallible {
    if let Err(error) = sockets::hear(&socket_path(database), messages).await {
        tracing::warn!("what another program sends is not seen here: {error}");
    }
    std::future::pending().await
}

#[cfg(unix)]
mod sockets {
    use std::io;
    use std::os::unix::net::UnixDatagram;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::super::fetch::{Messages, tell};
    use crate::app::Msg;

    /// Shortest time between two looks at what others have done.
    const GAP: Duration = Duration::from_millis(200);

    pub(super) fn poke(path: &Path) -> io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.send_to(b"!", path).map(drop)
    }

    /// Sockets of the programs that do not send.
    pub(super) fn of_others(sender: &Path) -> Vec<PathBuf> {
        let (Some(folder), Some(name)) = (sender.parent(), sender.file_name()) else { return Vec::new() };
        let prefix = format!("{}.", name.to_string_lossy());
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let others = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        others.map(|entry| entry.path()).collect()
    }

    /// Removes its file, so that nobody talks to nobody.
    struct Ear {
        socket: tokio::net::UnixDatagram,
        path: PathBuf,
    }

    impl Drop for Ear {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    pub(super) async fn hear(sender: &Path, messages: &Messages) -> io::Result<()> {
        let mut path = sender.as_os_str().to_owned();
        // Two programs may have the same process id, in containers with a folder in common.
        path.push(format!(".{:08x}", uuid::Uuid::new_v4().as_fields().0));
        let path = PathBuf::from(path);
        let ear = Ear { socket: tokio::net::UnixDatagram::bind(&path)?, path };
        loop {
            ear.socket.recv(&mut [0; 1]).await?;
            while ear.socket.try_recv(&mut [0; 1]).is_ok() {}
            tell(messages, Msg::Neighbour);
            // Signs given meanwhile wait in the socket.
            tokio::time::sleep(GAP).await;
        }
    }
}

/// Wakes nobody: here the other program finds out with its own next decision.
#[cfg(not(unix))]
pub fn rouse(_: &Path) {}

#[cfg(not(unix))]
pub(super) fn tell_others(_: &Path) {}

#[cfg(not(unix))]
pub(super) async fn listen(_: PathBuf, _: Arc<Notify>) {}

#[cfg(not(unix))]
pub(super) async fn hear(_: &Path, _: &Messages) -> Infallible {
    std::future::pending().await
}
