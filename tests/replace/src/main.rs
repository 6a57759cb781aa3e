//! A shop with many customers, all of them threads: a program that was written for std and has never heard of costd.
//!
//! What it prints is the same in every run. It ends with the exit code 7.

mod counter;
mod desk;
mod line;
mod log;
mod stock;

use std::{
    io::{self, Write},
    process,
    sync::{self, Arc, mpsc},
    thread,
};

use crate::stock::Stock;

fn main() {
    eprintln!("threads: {}", std::any::type_name::<thread::Thread>());
    let log = Arc::new(log::Log::new());
    let stock = Arc::new(Stock::new(60));
    sell(&stock, &log);
    say!("the till has {}", queue_up());
    say!("asked over the network: {:?}", line::ask_all(30).expect("the loopback network works"));
    say!("customers by counter: {:?}", counter::serve(&[5, 1, 3]));
    say!("{}", desk::complain());
    say!("{} lines in the log", log.lines().len());
    let _ = io::stdout().flush();
    process::exit(if log.lines().is_empty() { 1 } else { 7 });
}

/// More customers than goods: some wait for the delivery.
fn sell(stock: &Arc<Stock>, log: &Arc<log::Log>) {
    let customers: Vec<_> = (0..100)
        .map(|number| {
            let (stock, log) = (Arc::clone(stock), Arc::clone(log));
            thread::Builder::new()
                .name(format!("customer {number}"))
                .spawn(move || {
                    stock.take();
                    let me = thread::current();
                    log.note(me.name().unwrap_or("nobody"));
                })
                .expect("a hundred threads can be had")
        })
        .collect();
    stock.deliver(40);
    for customer in customers {
        customer.join().expect("no customer fails");
    }
    let mut names = log.lines();
    names.sort_unstable();
    say!("sold to {} customers, from {:?} to {:?}", names.len(), names.first(), names.last());
    say!("left: {}, deliveries: {}", stock.left(), stock.deliveries());
}

/// A queue that takes three at a time, and a till that knows when nobody comes any more.
fn queue_up() -> String {
    let (sender, receiver) = mpsc::sync_channel::<u32>(3);
    let till = thread::spawn(move || receiver.iter().fold((0, 0), |(count, sum), price| (count + 1, sum + price)));
    let start = sync::Barrier::new(10);
    thread::scope(|scope| {
        for first in 0..10 {
            let (sender, start) = (sender.clone(), &start);
            scope.spawn(move || {
                start.wait();
                for price in 0..10 {
                    sender.send(first * 10 + price).expect("the till is open");
                }
            });
        }
    });
    drop(sender);
    let (count, sum) = till.join().expect("the till does not fail");
    let (gone, nobody) = mpsc::channel::<()>();
    drop(gone);
    format!("{count} prices, {sum} in all, and then {:?}", nobody.recv())
}
