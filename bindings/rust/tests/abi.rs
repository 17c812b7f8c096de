// SPDX-License-Identifier: BSD-2-Clause
//! src/ffi.rs and vdsogen.h say the same. What ffi.rs declares is written in C,
//! beside the header, and the C compiler compares: constants by their values,
//! structs by the offset and size of each field, functions by their types. The
//! sizes that Rust gives are compared as well.
use std::collections::BTreeSet;
use std::fmt::Write;
use std::mem::{align_of, size_of};
use std::process::Command;

const FFI: &str = include_str!("../src/ffi.rs");

/// In vdsogen.h, and not in ffi.rs.
const NOT_BOUND: &[&str] = &[
    "VDSOGEN_H",
    "VDSOGEN_VERSION_MAJOR",
    "VDSOGEN_VERSION_MINOR",
    "VDSOGEN_VERSION_PATCH",
    // names of enums, which are numbers here
    "vdsogen_error",
    "vdsogen_function",
    "vdsogen_clock_id",
    "vdsogen_counter",
    "vdsogen_getcpu",
    "vdsogen_fallback",
    "vdsogen_data",
    "vdsogen_landing_pads",
    "vdsogen_field",
];

/// A declaration of `name` in C, of a type in Rust.
fn declare(rust: &str, name: &str) -> String {
    let rust = rust.trim();
    if let Some(to) = rust.strip_prefix("*const ") {
        return declare(&format!("const {}", to), &format!("*{}", name));
    }
    if let Some(to) = rust.strip_prefix("*mut ") {
        return declare(to, &format!("*{}", name));
    }
    if let Some(to) = rust.strip_prefix("const ") {
        return format!("const {}", declare(to, name));
    }
    if let Some(array) = rust.strip_prefix('[').and_then(|r| r.strip_suffix(']')) {
        let (item, count) = array.split_once(';').expect("[T; N]");
        let count = count.replace("as usize", "");
        return declare(item, &format!("{}[{}]", name, count));
    }
    let known = match rust {
        "u8" => "uint8_t",
        "u16" => "uint16_t",
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "i32" => "int32_t",
        "i64" => "int64_t",
        "usize" => "size_t",
        "c_int" => "int",
        "c_char" => "char",
        "c_void" | "()" => "void",
        "vdsogen_counter_fn" => return format!("vdsogen_counter_fn *{}", name),
        tag if tag.starts_with("vdsogen_") => return format!("struct {} {}", tag, name),
        other => panic!("tests/abi.rs does not know the type {}", other),
    };
    format!("{} {}", known, name)
}

/// A name, and its value or type.
type Pair = (String, String);

struct Ffi {
    constants: Vec<Pair>,
    /// Tags and fields.
    structs: Vec<(String, Vec<Pair>)>,
    /// Names, arguments, types of results.
    functions: Vec<(String, Vec<Pair>, String)>,
}

fn pair(text: &str) -> Pair {
    let (name, of) = text.split_once(':').unwrap_or_else(|| panic!("no type in '{}'", text));
    (name.trim().trim_start_matches("pub ").to_string(), of.trim().to_string())
}

fn commas(text: &str) -> Vec<Pair> {
    text.split(',').filter(|part| !part.trim().is_empty()).map(pair).collect()
}

/// An expression without the underscores in its numbers, which C does not have.
fn plain_numbers(value: &str) -> String {
    let mut in_number = false;
    let mut before = ' ';
    value
        .chars()
        .filter(|&c| {
            let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            in_number = of_word(c) && if of_word(before) { in_number } else { c.is_ascii_digit() };
            before = c;
            !(in_number && c == '_')
        })
        .collect()
}

/// ffi.rs, which is written so that this can read it.
fn parse() -> Ffi {
    let code: String = FFI
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |all, line| all + line.trim() + " ");
    let mut ffi = Ffi { constants: Vec::new(), structs: Vec::new(), functions: Vec::new() };

    for part in code.split("pub ").skip(1) {
        if part.starts_with("const fn ") {
            // a macro: write_c() compares what it gives
        } else if let Some(constant) = part.strip_prefix("const ") {
            let (name, rest) = pair(constant);
            let value = rest.split_once('=').expect("= in a constant").1;
            let value = value.split(';').next().unwrap().trim();
            ffi.constants.push((name, plain_numbers(value)));
        } else if let Some(function) = part.strip_prefix("fn ") {
            let (name, rest) = function.split_once('(').expect("( in a function");
            let (arguments, rest) = rest.rsplit_once(')').expect(") in a function");
            let result = rest.split(';').next().unwrap().trim().trim_start_matches("-> ");
            let result = if result.is_empty() { "()" } else { result };
            ffi.functions.push((name.to_string(), commas(arguments), result.to_string()));
        } else if let Some(structure) = part.strip_prefix("struct ") {
            let name = structure.split_once(" {").expect("{ in a struct").0;
            ffi.structs.push((name.to_string(), Vec::new()));
        } else if !part.starts_with("type ") {
            // a field: the comma that ends it is not the one in an array
            let field = part.split(", ").next().unwrap().split('}').next().unwrap();
            let fields = &mut ffi.structs.last_mut().expect("a field without a struct").1;
            fields.push(pair(field.trim().trim_end_matches(',')));
        }
    }
    ffi.structs.retain(|(_, fields)| !fields.is_empty());
    ffi
}

/// Sizes and alignments, as Rust has them.
fn sizes() -> Vec<(&'static str, usize, usize)> {
    macro_rules! sizes {
		($($name:ident)*) => {
			vec![$((
				stringify!($name),
				size_of::<vdsogen::ffi::$name>(),
				align_of::<vdsogen::ffi::$name>(),
			)),*]
		};
	}
    sizes!(vdsogen_config vdsogen_entry vdsogen_image vdsogen_symbol vdsogen_base vdsogen_line
		vdsogen_track vdsogen_clock vdsogen_time vdsogen_sample vdsogen_source vdsogen_trap
		vdsogen_utsname vdsogen_identity vdsogen_process vdsogen_random)
}

fn write_c(ffi: &Ffi) -> String {
    let mut c = String::from("#include <stddef.h>\n#include <stdint.h>\n#include \"vdsogen.h\"\n");

    for (name, value) in &ffi.constants {
        writeln!(c, "_Static_assert({0} == ({1}), \"{0} is {1} in ffi.rs\");", name, value)
            .unwrap();
    }
    for function in 0..vdsogen::ffi::VDSOGEN_FUNCTIONS {
        let slot = vdsogen::ffi::VDSOGEN_SLOT(function);
        writeln!(c, "_Static_assert(VDSOGEN_SLOT({0}) == {1}, \"slot {0}\");", function, slot)
            .unwrap();
    }
    for (tag, fields) in &ffi.structs {
        // repr(C) is C's own layout
        writeln!(c, "struct rust_{} {{", tag).unwrap();
        for (name, of) in fields {
            writeln!(c, "\t{};", declare(of, name)).unwrap();
        }
        writeln!(c, "}};").unwrap();
        for (name, _) in fields {
            writeln!(
                c,
                "_Static_assert(offsetof(struct {0}, {1}) == offsetof(struct rust_{0}, {1}) && \
				 __builtin_types_compatible_p(__typeof__(((struct {0} *)0)->{1}), \
				 __typeof__(((struct rust_{0} *)0)->{1})), \
				 \"{0}.{1} is another in ffi.rs\");",
                tag, name
            )
            .unwrap();
        }
    }
    for (tag, size, align) in sizes() {
        writeln!(
            c,
            "_Static_assert(sizeof(struct {0}) == {1} && _Alignof(struct {0}) == {2}, \
			 \"struct {0} has {1} bytes, aligned to {2}, in Rust\");",
            tag, size, align
        )
        .unwrap();
    }
    // A second declaration of another type is an error.
    for (name, arguments, result) in &ffi.functions {
        let arguments: Vec<String> = arguments.iter().map(|(n, of)| declare(of, n)).collect();
        let arguments = if arguments.is_empty() { "void".into() } else { arguments.join(", ") };
        writeln!(c, "{};", declare(result, &format!("{}({})", name, arguments))).unwrap();
    }
    c
}

#[test]
fn declarations_are_those_of_the_header() {
    let ffi = parse();
    assert!(ffi.constants.len() > 50 && ffi.structs.len() > 10 && ffi.functions.len() > 15);
    let parsed: BTreeSet<&str> = ffi.structs.iter().map(|(tag, _)| tag.as_str()).collect();
    let sized: BTreeSet<&str> = sizes().iter().map(|(tag, _, _)| *tag).collect();
    assert_eq!(parsed, sized, "structs in ffi.rs, and in sizes() of this file");

    let file = std::env::temp_dir().join(format!("vdsogen-abi-{}.c", std::process::id()));
    std::fs::write(&file, write_c(&ffi)).unwrap();
    let mut compiler = env!("VDSOGEN_CC").split_whitespace();
    let output = Command::new(compiler.next().unwrap())
        .args(compiler)
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"])
        .args([env!("VDSOGEN_INCLUDE"), file.to_str().unwrap()])
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Words of the header that begin with its prefix, without those in comments.
fn header_names() -> BTreeSet<String> {
    let header = concat!(env!("VDSOGEN_INCLUDE"), "/vdsogen.h");
    let mut text = std::fs::read_to_string(header).unwrap();
    while let Some(start) = text.find("/*") {
        let end = start + text[start..].find("*/").unwrap() + 2;
        text.replace_range(start..end, " ");
    }
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.to_ascii_lowercase().starts_with("vdsogen_"))
        .map(str::to_string)
        .collect()
}

#[test]
fn nothing_of_the_header_is_missing() {
    let code: BTreeSet<&str> =
        FFI.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let missing: Vec<String> = header_names()
        .into_iter()
        .filter(|name| !code.contains(name.as_str()) && !NOT_BOUND.contains(&name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "in vdsogen.h and not in src/ffi.rs: {}. Declare them there, or list them in NOT_BOUND \
		 of tests/abi.rs",
        missing.join(" ")
    );
}
