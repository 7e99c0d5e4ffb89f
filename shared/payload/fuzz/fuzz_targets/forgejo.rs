#![no_main]

use libfuzzer_sys::fuzz_target;
use payload::Forge;

fuzz_target!(|request: &[u8]| payload_fuzz::survive(Forge::Forgejo, request));
