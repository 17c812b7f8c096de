// SPDX-License-Identifier: BSD-2-Clause
//! The safe face, from outside.
use std::thread;

use vdsogen::*;

const HZ: u64 = 1_000_000_000;
const START: i64 = 1_700_000_000;

fn sample(counter: u64) -> Sample {
    Sample {
        before: counter,
        after: counter,
        realtime: Time { sec: START, nsec: counter as u32 },
        monotonic: Time { sec: 5, nsec: counter as u32 },
        boottime: Time { sec: 5, nsec: counter as u32 },
        raw: Time { sec: 5, nsec: counter as u32 },
        tai_offset: 37,
    }
}

fn source() -> Source {
    Source { hz: HZ, ..Source::default() }
}

fn started(page: &mut Page) -> &Clock {
    let size = build(Arch::x86_64(), &Config::default(), &mut page.0).unwrap();
    let image = Image::open(&page.0[..size]).unwrap().description();
    let clock = Clock::in_image(&mut page.0, &image).unwrap();
    clock.start(&source(), &sample(0)).unwrap();
    clock
}

#[test]
fn architectures() {
    let names: Vec<&str> = Arch::all().map(Arch::name).collect();
    assert!(names.contains(&"x86_64") && names.contains(&"aarch64"), "{:?}", names);
    assert_eq!(Arch::find("aarch64"), Some(Arch::aarch64()));
    assert_eq!(Arch::find("pdp11"), None);
    assert_eq!(Arch::at(names.len() as u32), None);
    assert_ne!(Arch::x86_64(), Arch::aarch64());
    assert_eq!(format!("{:?}", Arch::x86_64()), "x86_64");
}

#[test]
fn errors_have_texts() {
    let mut texts: Vec<String> = Error::ALL.iter().map(Error::to_string).collect();
    assert_eq!(texts.len(), ffi::VDSOGEN_ERR_MAX as usize - 1);
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), Error::ALL.len(), "one text each");
    assert!(Error::Align.text().contains("64 bytes"), "{}", Error::Align);
}

#[test]
fn images_are_the_same_everywhere() {
    for arch in Arch::all() {
        let (mut one, mut two) = (Page::new(), Page::new());
        let size = build(arch, &Config::default(), &mut one.0).unwrap();
        assert_eq!(Ok(size), image_size(arch, &Config::default()));
        assert_eq!(Ok(size), build(arch, &Config::default(), &mut two.0));
        assert!(one.0 == two.0);
    }
}

#[test]
fn builds_are_refused() {
    let mut page = Page::new();
    let arch = Arch::x86_64();
    let bad = |config: Config| image_size(arch, &config).unwrap_err();

    assert_eq!(build(arch, &Config::default(), &mut page.0[..PAGE - 1]), Err(Error::NoSpace));
    assert_eq!(build(arch, &Config::default(), &mut page.0[1..]), Err(Error::Align));
    assert_eq!(build(arch, &Config::default(), &mut page.0[..0]), Err(Error::NoSpace));
    assert!(page.0.iter().all(|byte| *byte == 0), "an error wrote to the buffer");
    assert_eq!(bad(Config { clocks: !0, ..Config::default() }), Error::Clock);
    assert_eq!(bad(Config { functions: !0, ..Config::default() }), Error::Function);
    assert_eq!(bad(Config { options: !0, ..Config::default() }), Error::Option);
    assert_eq!(bad(Config { getcpu: Getcpu::Tpidrro, ..Config::default() }), Error::Option);
}

#[test]
fn images_are_opened_and_refused() {
    let mut page = Page::new();
    let config = Config {
        functions: Function::ClockGettime.bit() | Function::Getcpu.bit(),
        clocks: ClockId::Monotonic.bit(),
        options: options::OMIT_HASH,
        ..Config::default()
    };
    let size = build(Arch::x86_64(), &config, &mut page.0).unwrap();
    let image = Image::open(&page.0[..size]).unwrap();

    assert_eq!((image.size(), image.machine()), (size, 62));
    assert_eq!(image.config().functions, config.functions);
    assert_eq!(image.function(Function::Time), None);
    let entry = image.function(Function::ClockGettime).unwrap();
    let symbol = image.symbol("__vdso_clock_gettime").unwrap();
    assert_eq!((symbol.value, symbol.size), (u64::from(entry.at), u64::from(entry.size)));
    assert_eq!(image.symbol("__vdso_time"), Err(Error::NoSymbol));
    assert_eq!(image.symbol("__vdso_clock_gettime\0"), Err(Error::NoSymbol));
    assert_eq!(image.symbol(&"x".repeat(1000)), Err(Error::NoSymbol));

    assert_eq!(Image::open(&[]).unwrap_err(), Error::NotElf);
    assert_eq!(Image::open(&[0x55; 4096]).unwrap_err(), Error::NotElf);
    assert_eq!(Image::open(&page.0[..size / 2]).unwrap_err(), Error::Truncated);
    // bytes that are not aligned
    let mut shifted = vec![0];
    shifted.extend(&page.0[..size]);
    assert!(Image::open(&shifted[1..]).is_ok());
}

#[test]
fn a_clock_follows_its_samples() {
    let mut page = Page::new();
    let clock = started(&mut page);

    assert_eq!(clock.read(ClockId::Realtime, 100), Ok(Time { sec: START, nsec: 100 }));
    assert_eq!(clock.read(ClockId::Tai, 0), Ok(Time { sec: START + 37, nsec: 0 }));
    let mut asked = 0;
    clock
        .update(&sample(1000), || {
            asked += 1;
            2000
        })
        .unwrap();
    assert_eq!(asked, 1);
    assert_eq!(clock.read(ClockId::Monotonic, 2000), Ok(Time { sec: 5, nsec: 2000 }));
    assert_eq!(clock.attention(3, 0), 0);
    assert_eq!(clock.attention(4, 1), 3);
    assert_eq!(clock.attention(0, !0), 6);
    clock.resume(&source(), &sample(10), 3000).unwrap();
    assert_eq!(clock.read(ClockId::Monotonic, 10), Ok(Time { sec: 5, nsec: 3000 }));

    let bad = Sample { realtime: Time { sec: 0, nsec: !0 }, ..sample(0) };
    assert_eq!(clock.update(&bad, || panic!("asked for nothing")), Err(Error::Value));
    assert_eq!(clock.start(&Source::default(), &sample(0)), Err(Error::Frequency));
    // SAFETY: no other thread knows it.
    unsafe {
        assert_eq!(clock.recover(), Ok(false));
        clock.reset();
    }
    assert_eq!(clock.read(ClockId::Realtime, 0), Err(Error::Unseeded));
    assert_eq!(clock.update(&sample(0), || 0), Err(Error::Unseeded));
}

#[test]
fn a_second_publisher_is_turned_away() {
    let mut page = Page::new();
    let clock = started(&mut page);
    let mut second = Ok(());

    clock
        .update(&sample(1000), || {
            second = clock.update(&sample(1000), || 1000);
            // readers are turned away meanwhile, and what is borrowed can be used
            assert_eq!(clock.read(ClockId::Realtime, 1000), Err(Error::Busy));
            1000
        })
        .unwrap();
    assert_eq!(second, Err(Error::Busy));
    assert_eq!(clock.update(&sample(2000), || 2000), Ok(()));
}

#[test]
fn readers_and_publishers_share_a_clock() {
    const UPDATES: u64 = 2000;
    let mut page = Page::new();
    let clock = started(&mut page);
    let publish = || {
        let mut done = 0;
        for n in 1..UPDATES {
            match clock.update(&sample(n), || n) {
                Ok(()) => done += 1,
                Err(error) => assert_eq!(error, Error::Busy),
            }
        }
        done
    };
    let read = || {
        for n in 1..UPDATES {
            match clock.read(ClockId::Monotonic, n) {
                Ok(time) => assert!(time.sec == 5 && time.nsec < 1_000_000, "{:?}", time),
                Err(error) => assert_eq!(error, Error::Busy),
            }
            clock.attention(1, 1);
        }
    };
    let done: u64 = thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        let publishers = [scope.spawn(publish), scope.spawn(publish)];
        for reader in readers {
            reader.join().unwrap();
        }
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).sum()
    });
    assert!(done > 0, "nobody published");
    assert_eq!(clock.update(&sample(UPDATES), || UPDATES), Ok(()));
}

#[test]
fn a_clock_outside_of_the_image() {
    let (mut page, mut data) = (Page::new(), Page::new());
    let config = Config { data: Data::Before(0), ..Config::default() };
    let size = build(Arch::aarch64(), &config, &mut page.0).unwrap();
    let image = Image::open(&page.0[..size]).unwrap().description();

    assert_eq!(image.clock(), -(PAGE as isize));
    assert_eq!(Clock::in_image(&mut page.0, &image).unwrap_err(), Error::Truncated);
    assert_eq!(Clock::init(&mut data.0[1..], &image).unwrap_err(), Error::Align);
    assert_eq!(Clock::init(&mut data.0[..ALIGN], &image).unwrap_err(), Error::Truncated);
    let clock = Clock::init(&mut data.0, &image).unwrap();
    assert_eq!(clock.read(ClockId::Realtime, 0), Err(Error::Unseeded));
    clock.start(&source(), &sample(0)).unwrap();
    assert_eq!(clock.read(ClockId::Realtime, 7), Ok(Time { sec: START, nsec: 7 }));
}
