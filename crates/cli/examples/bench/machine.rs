//! What this was measured on.

use std::fs;
use std::process::Command;
use std::thread;

use crate::queue::thousands;

/// Names and values, in the order of the page.
pub fn facts() -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Date", chrono::Utc::now().format("%Y-%m-%d").to_string()),
        ("Processor", processor()),
        ("Cores", cores()),
        ("System", system()),
        ("Kernel", said("uname", &["-sr"]).unwrap_or_else(unknown)),
        (
            "Compiler",
            said("rustc", &["--version"]).unwrap_or_else(unknown),
        ),
    ];
    if let Some(memory) = memory() {
        facts.insert(3, ("Memory", memory));
    }
    if let Some(disk) = said(
        "df",
        &["--output=fstype", &std::env::temp_dir().to_string_lossy()],
    ) {
        let kind = disk.lines().last().unwrap_or_default().to_owned();
        facts.push(("File system of the data folders", kind));
    }
    if let Some(load) = load() {
        facts.push(("Load before the run", load));
    }
    facts
}

fn processor() -> String {
    proc_line("/proc/cpuinfo", "model name")
        .or_else(|| said("sysctl", &["-n", "machdep.cpu.brand_string"]))
        .or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok())
        .unwrap_or_else(unknown)
}

fn cores() -> String {
    thread::available_parallelism().map_or_else(|_| unknown(), |cores| cores.to_string())
}

fn memory() -> Option<String> {
    let kilobytes: u64 = proc_line("/proc/meminfo", "MemTotal")?
        .trim_end_matches(" kB")
        .parse()
        .ok()?;
    Some(format!("{} MB", thousands(kilobytes / 1024)))
}

fn system() -> String {
    let name = fs::read_to_string("/etc/os-release").ok().and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    let system = name
        .or_else(|| said("sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}")))
        .unwrap_or_else(|| std::env::consts::OS.to_owned());
    format!("{system}, {}", std::env::consts::ARCH)
}

/// Runnable processes over the last minute: others that work here make every number worse.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    Some(format!(
        "{} runnable processes (mean of the last minute)",
        text.split(' ').next()?
    ))
}

fn proc_line(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

fn said(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}
