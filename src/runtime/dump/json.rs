//! A dump for programs.

use std::fmt::{Display, Write};

use super::{Dump, State};

pub(super) fn write(dump: &Dump) -> String {
    let mut out = String::new();
    out.push_str("{\"coroutines\":[");
    for (place, coroutine) in dump.coroutines.iter().enumerate() {
        separate(&mut out, place);
        let _ = write!(out, "{{\"id\":{},\"name\":", coroutine.id);
        text(&mut out, coroutine.name.as_deref());
        out.push_str(",\"worker\":");
        number(&mut out, coroutine.worker);
        let (state, parked) = match coroutine.state {
            State::Unstarted => ("unstarted", None),
            State::Running => ("running", None),
            State::Ready => ("ready", None),
            State::Parked { reason, time } => ("parked", Some((reason, time.as_secs_f64()))),
        };
        let _ = write!(out, ",\"state\":\"{state}\",\"reason\":");
        text(&mut out, parked.map(|(reason, _)| reason));
        out.push_str(",\"parked_for\":");
        number(&mut out, parked.map(|(_, time)| time));
        let _ = write!(out, ",\"age\":{},\"spawned_at\":", coroutine.age.as_secs_f64());
        text(&mut out, coroutine.spawned_at.map(|location| location.to_string()).as_deref());
        out.push_str(",\"stack\":");
        number(&mut out, coroutine.stack);
        out.push('}');
    }
    out.push_str("],\"held_up\":[");
    for (place, held_up) in dump.held_up.iter().enumerate() {
        separate(&mut out, place);
        let _ = write!(out, "{{\"worker\":{},\"by\":", held_up.worker);
        number(&mut out, held_up.by);
        let _ = write!(out, ",\"missing\":{}}}", held_up.missing);
    }
    out.push_str("],\"stacks\":[");
    for (place, stack) in dump.stacks.iter().enumerate() {
        separate(&mut out, place);
        out.push('[');
        for (place, frame) in dump.names.backtrace(stack).into_iter().enumerate() {
            separate(&mut out, place);
            out.push_str("{\"function\":");
            text(&mut out, Some(&frame.function));
            out.push_str(",\"location\":");
            text(&mut out, frame.location.as_deref());
            out.push('}');
        }
        out.push(']');
    }
    out.push_str("]}");
    out
}

fn separate(out: &mut String, place: usize) {
    if place > 0 {
        out.push(',');
    }
}

fn number(out: &mut String, number: Option<impl Display>) {
    match number {
        Some(number) => _ = write!(out, "{number}"),
        None => out.push_str("null"),
    }
}

fn text(out: &mut String, text: Option<&str>) {
    let Some(text) = text else {
        out.push_str("null");
        return;
    };
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let mut out = String::new();
        text(&mut out, Some("a\"b\\c\n\u{1}ü\u{7f}"));
        text(&mut out, None);
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\u0001ü\u{7f}\"null");
    }
}
