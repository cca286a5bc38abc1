//! A wire that remembers what went over it, between the program and the platform.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::bench::Bench;

/// What the program has sent.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Vec<u8>>>);

impl Wire {
    /// Lays a wire between a bench's program and its platform.
    pub async fn lay(bench: &Bench) -> Self {
        let wire = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there: reqwest::Url = bench.base_url().parse().unwrap();
        let there = format!("{}:{}", there.host_str().unwrap(), there.port().unwrap());
        bench.reconfigure(&there, &listener.local_addr().unwrap().to_string());
        let of_all = wire.clone();
        tokio::spawn(async move {
            while let Ok((program, _)) = listener.accept().await {
                let platform = TcpStream::connect(&there).await.unwrap();
                tokio::spawn(of_all.clone().carry(program, platform));
            }
        });
        wire
    }

    /// Carries until one side is done.
    async fn carry(self, program: TcpStream, platform: TcpStream) {
        let ((mut asks, mut hears), (mut answers, mut is_asked)) = (program.into_split(), platform.into_split());
        let back = tokio::spawn(async move { tokio::io::copy(&mut answers, &mut hears).await });
        let mut bytes = vec![0; 16 << 10];
        while let Ok(read @ 1..) = asks.read(&mut bytes).await {
            self.0.lock().unwrap().extend_from_slice(&bytes[..read]);
            if is_asked.write_all(&bytes[..read]).await.is_err() {
                break;
            }
        }
        back.abort();
    }

    pub fn sent(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}
