//! The hand-written loop as a program of its own, built with `target-cpu=native`: prints the
//! nanoseconds of each pass over the data and writes each customer's hits as a mask.

#![allow(dead_code, unused_variables, reason = "the loop does not need all there is")]

#[path = "data.rs"]
mod data;
// Written by the bench, which says where when it builds this file.
include!(env!("RULES"));

use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let customers: usize = arguments.next().and_then(|text| text.parse().ok()).expect("how many customers");
    let rounds: usize = arguments.next().and_then(|text| text.parse().ok()).expect("how many rounds");
    let file = arguments.next().expect("where to write");
    let data = data::Data::new(customers);
    let mut masks = vec![0_u64; customers];
    for _ in 0..rounds {
        let begin = Instant::now();
        hits(std::hint::black_box(&data), std::hint::black_box(&mut masks));
        println!("{}", begin.elapsed().as_nanos());
    }
    let bytes: Vec<u8> = masks.iter().flat_map(|mask| mask.to_le_bytes()).collect();
    std::fs::write(file, bytes).expect("the masks are written");
}
