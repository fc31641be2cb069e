//! Other programs on the same data: only one of them sends, and the others tell it when there is
//! something to send.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Notify;

fn socket_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".wake");
    name.into()
}

/// Wakes the program that sends, if there is one.
#[cfg(unix)]
pub fn rouse(database: &Path) {
    use std::os::unix::net::UnixDatagram;
    let told = UnixDatagram::unbound().and_then(|socket| {
        socket.set_nonblocking(true)?;
        socket.send_to(b"!", socket_path(database))
    });
    if let Err(error) = told {
        tracing::debug!("the program that sends was not told: {error}");
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

/// Wakes nobody: here the other program finds out with its own next decision.
#[cfg(not(unix))]
pub fn rouse(_: &Path) {}

#[cfg(not(unix))]
pub(super) async fn listen(_: PathBuf, _: Arc<Notify>) {}
