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
    let (x86, arm) = (Arch::x86_64().functions(), Arch::aarch64().functions());
    assert_eq!(x86 ^ arm, Function::RtSigreturn.bit());
    assert_eq!(arm, DEFAULT_FUNCTIONS | IDENTITY_FUNCTIONS | Function::Getrandom.bit());
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
    assert_eq!(bad(Config { fallback: Fallback::Hvc(1), ..Config::default() }), Error::Option);
    assert_eq!(bad(Config { fallback: Fallback::Jump(0), ..Config::default() }), Error::Option);
    assert_eq!(bad(Config { process: Data::After(1), ..Config::default() }), Error::Option);
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

#[test]
fn an_image_knows_its_configuration() {
    let (x86, arm) = (Arch::x86_64(), Arch::aarch64());
    let page = PAGE as u32;
    let fallbacks = [
        (x86, Fallback::Syscall),
        (arm, Fallback::Hvc(0xbeef)),
        (x86, Fallback::Out(0x510)),
        (x86, Fallback::Vmcall),
        (x86, Fallback::Vmmcall),
        (arm, Fallback::Jump(0x1234_5678_9abc_def0)),
        (x86, Fallback::Thread(-40)),
        (arm, Fallback::Thread(40)),
    ];
    let getcpus = [
        (x86, Getcpu::Fallback),
        (arm, Getcpu::Zero),
        (x86, Getcpu::Rdpid),
        (x86, Getcpu::Rdtscp),
        (arm, Getcpu::Tpidrro),
        (x86, Getcpu::Lsl(0x2b)),
        (x86, Getcpu::Word(-4)),
    ];
    let places = [Data::Inside, Data::Before(4 * page), Data::After(8 * page)];
    let good = Config {
        functions: Function::ClockGettime.bit() | Function::Getuid.bit() | Function::Getcpu.bit(),
        clocks: ClockId::Tai.bit(),
        counter: Counter::Unfenced,
        landing_pads: LandingPads::On,
        options: options::SLOTS | options::LATCH,
        kernel_version: 6 << 16,
        ..Config::default()
    };
    let same = |arch, config| {
        let mut pages = [Page::new(), Page::new()];
        // SAFETY: pages follow one another, and are bytes.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(pages.as_mut_ptr().cast::<u8>(), pages.len() * PAGE)
        };
        let size = build(arch, &config, bytes).unwrap_or_else(|e| panic!("{:?}: {}", config, e));
        assert_eq!(Image::open(&bytes[..size]).unwrap().config(), &config);
    };
    for (arch, fallback) in fallbacks {
        same(arch, Config { fallback, ..good });
    }
    for (arch, getcpu) in getcpus {
        same(arch, Config { getcpu, ..good });
    }
    for data in places {
        for process in places {
            same(arm, Config { data, process, ..good });
        }
    }
}

#[test]
fn blocks_are_where_the_image_says() {
    let mut page = Page::new();
    let functions = Function::Getrandom.bit() | Function::Getpid.bit();
    let config = Config { functions, ..Config::default() };
    let mut pages = [Page::new(), Page::new()];
    // SAFETY: pages follow one another, and are bytes.
    let bytes = unsafe {
        std::slice::from_raw_parts_mut(pages.as_mut_ptr().cast::<u8>(), pages.len() * PAGE)
    };
    let size = build(Arch::x86_64(), &config, bytes).unwrap();
    let image = Image::open(&bytes[..size]).unwrap().description();
    let start = bytes.as_ptr() as isize;
    let blocks = Blocks::in_image(bytes, &image).unwrap();
    let (clock, random) = (blocks.clock.unwrap(), blocks.random.unwrap());
    assert_eq!(clock.as_ptr() as isize - start, image.clock());
    assert_eq!(Some(random.as_ptr() as isize - start), image.random());
    assert_eq!(Some(blocks.process.unwrap().as_ptr() as isize - start), image.process());

    let none = Blocks::in_memory(&mut page.0, -(PAGE as isize), &image).unwrap();
    assert!(none.clock.is_none() && none.random.is_none() && none.process.is_none());
    let from = image.clock() - 32; // so that it is not aligned
    assert_eq!(Blocks::in_memory(&mut page.0, from, &image).unwrap_err(), Error::Align);
    let from = image.process().unwrap() + 1; // all but the first byte
    assert!(Blocks::in_memory(&mut page.0, from, &image).unwrap().process.is_none());
}

#[test]
fn generations_go_on() {
    let mut page = Page::new();
    assert_eq!(Random::within(&mut page.0[1..]).unwrap_err(), Error::Align);
    assert_eq!(Random::within(&mut page.0[..ALIGN - 1]).unwrap_err(), Error::Truncated);
    let random = Random::within(&mut page.0).unwrap();
    // SAFETY: no other thread knows it.
    let now = |random: &Random| unsafe { *random.as_ptr() };
    random.start(0, 0x22).unwrap();
    let started = now(random);
    assert_eq!((started.ready, started.prot, started.flags), (1, 3, 0x22));
    random.reseed().unwrap();
    assert_ne!(now(random).generation, started.generation);
    random.stop().unwrap();
    assert_eq!(now(random).ready, 0);
}

#[test]
fn names_are_checked() {
    let longest = "x".repeat(Utsname::LONGEST);
    let uts = Utsname::default().with_version(&longest).unwrap();
    assert_eq!((uts.version(), uts.machine()), (longest.as_bytes(), &b""[..]));
    assert_eq!(uts.with_version(longest + "x"), Err(Error::Value));
    assert_eq!(uts.with_release("6\0"), Err(Error::Value));
    assert!(format!("{:?}", uts.with_nodename(b"\xff").unwrap()).contains("\"\\xff\""));
}

#[test]
fn processes_come_and_go() {
    let (mut one, mut two) = (Page::new(), Page::new());
    let parent = Process::within(&mut one.0).unwrap();
    let child = Process::within(&mut two.0).unwrap();
    let init = Identity { pid: Some(1), tid: Some(1), nice: Some(19), ..Identity::default() };

    assert_eq!(parent.get(), Ok(Identity::default()));
    let nobody = Identity { uid: Some(u32::MAX), ..init };
    assert_eq!(parent.set(&nobody), Err(Error::Value));
    parent.set(&init).unwrap();
    child.fork(parent, 7, 1).unwrap();
    let forked = Identity { pid: Some(7), tid: Some(7), ppid: Some(1), ..init };
    assert_eq!(child.get(), Ok(forked));
    child.thread().unwrap();
    assert_eq!(child.get(), Ok(Identity { tid: None, ..forked }));
    parent.exec(child).unwrap();
    assert_eq!(parent.get(), Ok(forked));
    child.exec_in_place().unwrap();
    assert_eq!(child.get(), Ok(forked));
    assert_eq!(child.change(1 << 31, &init), Err(Error::Value));
    assert_eq!(child.vfork_end(), Err(Error::Value), "without a vfork");

    // SAFETY: no other thread knows it. Odd: as if a publisher were at work.
    unsafe { (*child.as_ptr()).seq |= 1 };
    assert_eq!(child.change(Field::Uid.bit(), &init), Err(Error::Busy));
    assert_eq!(child.get(), Err(Error::Busy));
    assert_eq!(parent.fork(child, 8, 7), Err(Error::Busy));
    child.set(&init).unwrap();
    assert_eq!(child.get(), Ok(init));
}

#[test]
fn publishers_of_a_process_take_turns() {
    const CHANGES: u32 = 2000;
    let mut page = Page::new();
    let process = Process::within(&mut page.0).unwrap();
    let both = |id| Identity { uid: Some(id), euid: Some(id), ..Identity::default() };
    process.set(&both(0)).unwrap();
    let process = &*process;
    let change = |from: u32| {
        let fields = Field::Uid.bit() | Field::Euid.bit();
        (from..from + CHANGES).filter(|id| process.change(fields, &both(*id)).is_ok()).count()
    };
    let read = || {
        for _ in 0..CHANGES {
            match process.get() {
                Ok(identity) => assert_eq!(identity.uid, identity.euid),
                Err(error) => assert_eq!(error, Error::Busy),
            }
        }
    };
    let done: usize = thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        let publishers = [scope.spawn(|| change(0)), scope.spawn(|| change(CHANGES))];
        for reader in readers {
            reader.join().unwrap();
        }
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).sum()
    });
    assert!(done > 0, "nobody published");
    assert!(process.get().is_ok());
}

#[test]
fn traps_are_judged() {
    let mut page = Page::new();
    let size = build(Arch::x86_64(), &Config::default(), &mut page.0).unwrap();
    let image = Image::open(&page.0[..size]).unwrap().description();
    let at = |function| u64::from(image.function(function).unwrap().trap);
    let trap = Trap {
        pc: at(Function::ClockGettime),
        clock_id: ClockId::Monotonic as i32,
        counter: 1000,
        now: 1500,
        window: 500,
    };

    for function in Function::ALL {
        if let Some(entry) = image.function(*function) {
            assert_eq!(image.fallback_at(entry.trap.into()), Ok(*function));
            assert_eq!(image.fallback_at(entry.resume.into()), Ok(*function));
        }
    }
    assert_eq!(image.fallback_at(0), Err(Error::NoSymbol));
    assert_eq!(image.may_anchor(&trap), Ok(()));
    assert_eq!(image.may_anchor(&Trap { window: 499, ..trap }), Err(Error::Untrusted));
    let coarse = Trap { clock_id: ClockId::MonotonicCoarse as i32, ..trap };
    assert_eq!(image.may_anchor(&coarse), Err(Error::Untrusted));
    let of_time = Trap { pc: at(Function::Time), ..trap };
    assert_eq!(image.may_anchor(&of_time), Err(Error::Untrusted));
}

/// An image is not trusted: one that puts two blocks in one place gets neither.
#[test]
fn blocks_that_meet_are_refused() {
    let (mut page, mut data) = (Page::new(), Page::new());
    let far = 96 * PAGE as u32; // a word like no other
    let config = Config {
        functions: Function::Getuid.bit(),
        data: Data::After(0),
        process: Data::After(far),
        ..Config::default()
    };
    let size = build(Arch::aarch64(), &config, &mut page.0).unwrap();
    assert_eq!(size, PAGE);
    let mut moved = 0;
    for word in page.0.chunks_exact_mut(4).filter(|word| **word == far.to_le_bytes()) {
        word.copy_from_slice(&(PAGE as u32).to_le_bytes());
        moved += 1;
    }
    assert_eq!(moved, 2, "its place and its distance");
    match Image::open(&page.0) {
        Ok(image) => {
            let blocks = Blocks::in_memory(&mut data.0, PAGE as isize, &image);
            assert_eq!(blocks.unwrap_err(), Error::Damaged);
        }
        Err(error) => assert_eq!(error, Error::Damaged),
    }
}
