//! Threads that start threads, and wait for them: `spawn [CHILDREN]`, 100 by default.

use std::{env, process, thread};

fn main() {
    let Ok(children) = env::args().nth(1).map_or(Ok(100), |text| text.parse::<u32>()) else {
        eprintln!("usage: spawn [CHILDREN]");
        process::exit(2);
    };
    let parent = thread::Builder::new().name("parent".to_owned()).spawn(move || {
        println!("hello from the {}", thread::current().name().unwrap_or("nameless"));
        let handles: Vec<_> = (0..children)
            .map(|number| {
                thread::spawn(move || {
                    println!("hello from child {number}");
                    // Others may have a turn here.
                    thread::yield_now();
                    println!("goodbye from child {number}");
                    number
                })
            })
            .collect();
        let sum: u32 = handles.into_iter().map(|child| child.join().expect("a child does not panic")).sum();
        println!("goodbye from the parent");
        sum
    });
    let sum = parent.expect("there is memory for one").join().expect("the parent does not panic");
    println!("their numbers make {sum}");
}
