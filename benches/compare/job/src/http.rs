const RESPONSE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

/// Counts the requests in what a client sends: the least that a server of GETs may do. The end of a request may come in
/// several pieces.
#[derive(Default)]
pub struct Requests {
    /// How much of `\r\n\r\n` the bytes so far end with.
    matched: usize,
}

impl Requests {
    /// How many requests end in `bytes`.
    pub fn count(&mut self, bytes: &[u8]) -> usize {
        let mut requests = 0;
        for &byte in bytes {
            self.matched = match (self.matched, byte) {
                (0 | 2, b'\r') => self.matched + 1,
                (1 | 3, b'\n') => self.matched + 1,
                (_, b'\r') => 1,
                _ => 0,
            };
            if self.matched == 4 {
                requests += 1;
                self.matched = 0;
            }
        }
        requests
    }
}

/// The answers to so many requests, at most 64, to be written at once.
pub fn response(requests: usize) -> &'static [u8] {
    static MANY: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| RESPONSE.repeat(64));
    &MANY.as_bytes()[..requests * RESPONSE.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_in_pieces() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\r\n\r\n";
        assert_eq!(Requests::default().count(text), 2);
        let mut requests = Requests::default();
        assert_eq!(text.iter().map(|&byte| requests.count(&[byte])).sum::<usize>(), 2);
    }
}
