//! What the server wants to know of a request, and how much of the input it takes up.

/// More header fields than any client sends.
const MAX_FIELDS: usize = 64;

/// A request whose head has arrived.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether the answer has no body because the method is HEAD.
    pub head_only: bool,
    /// Whether the client wants to go on after the answer.
    pub keep_alive: bool,
    /// Bytes of request line and header fields.
    pub head_bytes: usize,
    /// Bytes that follow the head.
    pub body_bytes: u64,
}

/// Why a request cannot be answered with a hello: the status line to send instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal(pub &'static str);

const BAD_REQUEST: Refusal = Refusal("400 Bad Request");
const FIELDS_TOO_LARGE: Refusal = Refusal("431 Request Header Fields Too Large");
const NOT_IMPLEMENTED: Refusal = Refusal("501 Not Implemented");

/// Reads the head of the first request in `input`; `None` if it has not arrived in full.
pub fn parse(input: &[u8]) -> Result<Option<Request>, Refusal> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let head_bytes = match parsed.parse(input) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(FIELDS_TOO_LARGE),
        Err(_) => return Err(BAD_REQUEST),
    };

    // HTTP/1.1 connections stay open unless somebody says otherwise, older ones the other way round.
    let mut keep_alive = parsed.version == Some(1);
    let mut body_bytes = None;
    for field in parsed.headers.iter() {
        if field.name.eq_ignore_ascii_case("connection") {
            for option in field.value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                if option.eq_ignore_ascii_case(b"close") {
                    keep_alive = false;
                } else if option.eq_ignore_ascii_case(b"keep-alive") {
                    keep_alive = true;
                }
            }
        } else if field.name.eq_ignore_ascii_case("content-length") {
            let length = decimal(field.value).ok_or(BAD_REQUEST)?;
            // Two lengths that differ are how requests get smuggled past a proxy.
            if body_bytes.replace(length).is_some_and(|other| other != length) {
                return Err(BAD_REQUEST);
            }
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(NOT_IMPLEMENTED);
        }
    }
    let head_only = parsed.method == Some("HEAD");
    Ok(Some(Request { head_only, keep_alive, head_bytes, body_bytes: body_bytes.unwrap_or(0) }))
}

/// A number of digits and nothing else (`str::parse` would take a sign).
fn decimal(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        parse(text.as_bytes()).expect("it is a request").expect("it is complete")
    }

    #[test]
    fn every_prefix_is_incomplete() {
        let text = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]), Ok(None));
        }
        assert_eq!(parse(text).unwrap().unwrap().head_bytes, text.len());
    }

    #[test]
    fn the_version_and_the_client_decide_about_keep_alive() {
        assert!(request("GET / HTTP/1.1\r\n\r\n").keep_alive);
        assert!(!request("GET / HTTP/1.1\r\nconnection: x, Close\r\n\r\n").keep_alive);
        assert!(!request("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    }

    #[test]
    fn the_length_of_the_body_must_be_plain() {
        assert_eq!(request("POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\n").body_bytes, 12);
        for bad in ["-1", "+1", "1x", "", "99999999999999999999999", "1\r\nContent-Length: 2"] {
            let text = format!("POST / HTTP/1.1\r\nContent-Length: {bad}\r\n\r\n");
            assert_eq!(parse(text.as_bytes()), Err(BAD_REQUEST), "{bad:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(parse(b"GET / HTTP/1.1\r\nno field\r\n\r\n"), Err(BAD_REQUEST));
        assert_eq!(parse(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(NOT_IMPLEMENTED));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(parse(many.as_bytes()), Err(FIELDS_TOO_LARGE));
    }
}
