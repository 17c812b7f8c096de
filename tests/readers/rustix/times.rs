// SPDX-License-Identifier: BSD-2-Clause
use rustix::time::{clock_gettime, ClockId};

fn main() {
    let calls: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let (mut real, mut mono) = (0, 0);
    for _ in 0..calls {
        real = clock_gettime(ClockId::Realtime).tv_sec;
        mono = clock_gettime(ClockId::Monotonic).tv_sec;
    }
    println!("{} {}", real, mono);
}
