// SPDX-License-Identifier: BSD-2-Clause
//! Compiles the library with the C compiler, of one of two forms of its sources:
//! amalgamation/vdsogen.c beside this file, where somebody has put what `make
//! amalgamation` writes, else the source tree that this crate is a folder of.
//!
//! The compiler is CC_<target>, CC or cc, the archiver AR_<target>, AR or ar;
//! CFLAGS_<target> or CFLAGS come last and may say anything.
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// As the library's own build has them: neither a C library nor vector registers.
const FLAGS: [&str; 6] =
    ["-std=gnu11", "-O2", "-fPIC", "-ffreestanding", "-fno-stack-protector", "-mgeneral-regs-only"];

struct Sources {
    files: Vec<PathBuf>,
    /// Where #include looks.
    folders: Vec<PathBuf>,
    /// With all in them: a file that is new there, too, makes cargo build again.
    watched: Vec<PathBuf>,
    /// Of vdsogen.h.
    header: PathBuf,
}

fn main() {
    let krate = PathBuf::from(var("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(var("OUT_DIR"));
    let sources = pair(&krate.join("amalgamation"))
        .or_else(|| tree(&krate.join("../.."), &out))
        .unwrap_or_else(|| {
            panic!(
                "no C sources: neither {0}/amalgamation/vdsogen.c nor {0}/../../libvdsogen; \
				 copy the folder that `make amalgamation` writes into {0}",
                krate.display()
            )
        });

    let compiler = tool("CC", "cc");
    let mut objects = Vec::new();
    for (number, file) in sources.files.iter().enumerate() {
        let object = out.join(format!("{}.o", number));
        compile(&compiler, &sources, file, &object);
        objects.push(object);
    }
    archive(&out.join("libvdsogen.a"), &objects);

    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=vdsogen");
    // For crates that have C of their own, and for tests/abi.rs.
    println!("cargo:include={}", sources.header.display());
    println!("cargo:rustc-env=VDSOGEN_INCLUDE={}", sources.header.display());
    println!("cargo:rustc-env=VDSOGEN_CC={}", compiler);
    println!("cargo:rerun-if-changed=build.rs");
    for folder in &sources.watched {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
}

fn var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{} is not set: run by cargo", name))
}

/// NAME_<target>, or NAME. Cargo is told that it matters.
fn setting(name: &str) -> Option<String> {
    let names = [format!("{}_{}", name, var("TARGET").replace('-', "_")), name.to_string()];
    for name in &names {
        println!("cargo:rerun-if-env-changed={}", name);
    }
    names.iter().find_map(|name| env::var(name).ok()).filter(|value| !value.trim().is_empty())
}

fn tool(name: &str, usual: &str) -> String {
    let (target, host) = (var("TARGET"), var("HOST"));
    let processor = |triple: &str| triple.split('-').next().map(str::to_string);
    setting(name).unwrap_or_else(|| {
        if processor(&target) != processor(&host) {
            panic!(
                "no C compiler is known for {}; name it: {}_{}=... cargo build",
                target,
                name,
                target.replace('-', "_")
            );
        }
        usual.to_string()
    })
}

/// A command that may have arguments of its own.
fn command(words: &str) -> Command {
    let mut words = words.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

fn run(mut command: Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{:?}: {}", command, status),
        Err(error) => panic!("{:?}: {}; CC and AR choose other tools", command, error),
    }
}

fn compile(compiler: &str, sources: &Sources, file: &Path, object: &Path) {
    let mut command = command(compiler);
    command.args(FLAGS);
    // A kernel's interrupts use the stack below the stack pointer.
    if var("CARGO_CFG_TARGET_OS") == "none" && var("CARGO_CFG_TARGET_ARCH") == "x86_64" {
        command.arg("-mno-red-zone");
    }
    for folder in &sources.folders {
        command.arg("-iquote").arg(folder);
    }
    command.args(setting("CFLAGS").unwrap_or_default().split_whitespace());
    command.arg("-c").arg("-o").arg(object).arg(file);
    run(command);
}

fn archive(to: &Path, objects: &[PathBuf]) {
    let _ = fs::remove_file(to);
    let mut command = command(&tool("AR", "ar"));
    command.arg("crs").arg(to).args(objects);
    run(command);
}

fn pair(folder: &Path) -> Option<Sources> {
    let file = folder.join("vdsogen.c");
    file.is_file().then(|| Sources {
        files: vec![file],
        folders: vec![folder.to_path_buf()],
        watched: vec![folder.to_path_buf()],
        header: folder.to_path_buf(),
    })
}

/// All .c files of libvdsogen/ and arch/, and a table of the architectures.
fn tree(top: &Path, out: &Path) -> Option<Sources> {
    let (inner, arch, header) = (top.join("libvdsogen"), top.join("arch"), top.join("include"));
    let table = fs::read_to_string(arch.join("archs.am")).ok()?;
    let mut definitions = String::new();
    let mut files = c_files(&inner);
    let watched = vec![header.clone(), inner.clone(), arch.clone()];
    let mut folders = vec![header.clone(), inner];

    files.extend(c_files(&arch));
    for line in table.lines() {
        let name = line.strip_prefix("include arch/").and_then(|l| l.strip_suffix("/arch.am"));
        if let Some(name) = name {
            definitions += &format!("ARCH({})\n", name);
            files.extend(c_files(&arch.join(name)));
            folders.push(arch.join(name));
        }
    }
    fs::write(out.join("archs.def"), definitions).expect("archs.def");
    folders.push(out.to_path_buf());
    Some(Sources { files, folders, watched, header })
}

fn c_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {}", folder.display(), e));
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok())
        .map(|entry| entry.path())
        .filter(|path| path.extension().map_or(false, |extension| extension == "c"))
        .collect();
    files.sort();
    files
}
