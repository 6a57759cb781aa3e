//! What each of the programs prints.

use run_example::{Program, on_1_and_2_workers};

#[test]
fn spawn() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_spawn"), workers, &["50"]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 2 * 50 + 2, "{text}");
        assert_eq!(lines[0], "hello from the parent");
        assert_eq!(lines[101..], ["goodbye from the parent", "their numbers make 1225"]);
        for number in 0..50 {
            let place = |word| lines.iter().position(|line| *line == format!("{word} from child {number}"));
            assert!(place("hello").unwrap() < place("goodbye").unwrap(), "{text}");
        }
    });
}

#[test]
fn scoped() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_scoped"), workers, &[]);
        let expected = "before: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nafter: [11, 22, 33, 44, 55, 66, 77, 88, 99, 110]\n";
        assert_eq!(text, expected);
    });
}

#[test]
fn generator() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_generator"), workers, &[]);
        assert_eq!(text, "1\n1\n2\n3\n5\n8\n13\n21\n34\n55\n89\n144\n[(1, 1), (1, 4), (2, 9), (3, 16)]\n");
    });
}

#[test]
fn timers() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_timers"), workers, &["1500"]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 14, "{text}");
        for (name, parts) in [("fast", 10), ("slow", 3)] {
            let ticks: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix(name)).collect();
            let expected: Vec<String> = (1..=parts).map(|part| format!(" {part}")).collect();
            assert_eq!(ticks, expected, "{text}");
        }
        // Side by side: one of them is due a second before the other, which has six more to go by then.
        let place = |line| lines.iter().position(|other| *other == line);
        assert!(place("fast 1").unwrap() < place("slow 3").unwrap(), "{text}");
        assert!(place("slow 1").unwrap() < place("fast 10").unwrap(), "{text}");
        assert!(lines[13].starts_with("1000 sleepers, half of them less than "), "{text}");
    });
}

#[test]
fn cancel() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_cancel"), workers, &[]);
        let expected = "cancelled: accepting, parked, reading, receiving, sleeping, waiting for a condition\n\
                        the lock is not poisoned\n\
                        shielded: begun, done\n\
                        with a limit: too slow, in time\n";
        assert_eq!(text, expected);
    });
}

#[test]
fn one_worker() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_one-worker"), workers, &["150"]);
        assert_eq!(text, "150 of 150 clients have got back what they sent\n");
    });
}

#[test]
fn join() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_join"), workers, &[]);
        assert_eq!(text, "3 and 5, Some(42), Some(\"hello\")\none after the other: false\nthe first: 4\n");
    });
}

#[test]
fn select() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_select"), workers, &[]);
        assert_eq!(text, "the first was a word, Ok(\"hello\")\nthen came Ok(42)\nnothing else is there: true\n");
    });
}

#[test]
fn loop_select() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_loop-select"), workers, &[]);
        assert_eq!(text, "the sum is Some(5055050)\nclosed with 5055050, and the clock was heard: true\n");
    });
}

#[test]
fn event_queue() {
    on_1_and_2_workers(|workers| {
        let text = Program::output(env!("CARGO_BIN_EXE_event-queue"), workers, &[]);
        assert_eq!(text, "100 updates, the total is 1000\nthe timer was left: true\n");
    });
}
