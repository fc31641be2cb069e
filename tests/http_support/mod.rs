//! Requests over a real socket, each on a connection of its own.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The text of a request that ends its connection.
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} /api/public{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\
         content-type: application/json\r\n{headers}\r\n{body}"
    )
}

/// Sends a text and reads what comes back until the connection ends.
pub async fn exchange(address: SocketAddr, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// The status of an answer; 0 where there is none.
pub fn status(answer: &[u8]) -> u16 {
    let line = String::from_utf8_lossy(answer.get(..12).unwrap_or_default()).into_owned();
    line.strip_prefix("HTTP/1.1 ").and_then(|code| code.parse().ok()).unwrap_or_default()
}
