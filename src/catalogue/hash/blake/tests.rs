//! BLAKE2 and BLAKE3 by their published values.

use super::super::super::StopToken;
use super::super::super::testing::{error, pattern, run, run_in, run_with, unhex};
use super::super::super::{Help, Helpers, Output};
use super::*;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};

/// The digest of `data`; a key that is not empty goes along.
fn digest(algorithm: &str, data: &[u8], key: &[u8], length: usize) -> Vec<u8> {
    let mut options = json!({
        "data": { "attachment": 0 }, "algorithm": algorithm, "length": length, "encoding": "buffer",
    });
    if !key.is_empty() {
        options["key"] = json!({ "attachment": 1 });
    }
    let token = StopToken::default();
    match run_in("hash", &options, &[data, key], &Context::new(&token, 1)) {
        Ok(Output::Bytes(bytes)) => bytes,
        other => panic!("no bytes: {other:?}"),
    }
}

/// RFC 7693, appendix E: the input of a self-test.
fn sequence(length: usize, seed: usize) -> Vec<u8> {
    let (mut a, mut b) = (0xdead_4bad_u32.wrapping_mul(seed as u32), 1_u32);
    std::iter::repeat_with(|| {
        (a, b) = (b, a.wrapping_add(b));
        (b >> 24) as u8
    })
    .take(length)
    .collect()
}

/// RFC 7693, appendix E: the digest of digests of many lengths, of many inputs, with keys and without.
fn self_test(algorithm: &str, lengths: [usize; 4], inputs: [usize; 6]) -> Vec<u8> {
    let mut digests = Vec::new();
    for length in lengths {
        for input in inputs.map(|input| sequence(input, input)) {
            digests.extend(digest(algorithm, &input, &[], length));
            digests.extend(digest(algorithm, &input, &sequence(length, length), length));
        }
    }
    digest(algorithm, &digests, &[], 32)
}

#[test]
fn blake2_passes_the_self_test_of_its_standard() {
    assert_eq!(
        self_test("blake2b", [20, 32, 48, 64], [0, 3, 128, 129, 255, 1024]),
        unhex("c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475")
    );
    assert_eq!(
        self_test("blake2s", [16, 20, 28, 32], [0, 3, 64, 65, 255, 1024]),
        unhex("6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe")
    );
}

#[test]
fn blake2_digests_at_full_length_unless_told_otherwise() {
    for (algorithm, expected) in [
        // RFC 7693, appendices A and B.
        (
            "blake2b",
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
             7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        ),
        ("blake2s", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"),
    ] {
        let output = run("hash", json!({ "algorithm": algorithm }), b"abc");
        assert_eq!(output, Ok(Output::Text(expected.into())), "{algorithm}");
    }
}

/// From BLAKE3's published test vectors: length of the input, hash, keyed hash.
const VECTORS: [(usize, &str, &str); 3] = [
    (
        0,
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262\
         e00f03e7b69af26b7faaf09fcd333050338ddfe085b8cc869ca98b206c08243a\
         26f5487789e8f660afe6c99ef9e0c52b92e7393024a80459cf91f476f9ffdbda\
         7001c22e159b402631f277ca96f2defdf1078282314e763699a31c5363165421cce14d",
        "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26\
         b18171a2f22a4b94822c701f107153dba24918c4bae4d2945c20ece13387627d\
         3b73cbf97b797d5e59948c7ef788f54372df45e45e4293c7dc18c1d41144a975\
         8be58960856be1eabbe22c2653190de560ca3b2ac4aa692a9210694254c371e851bc8f",
    ),
    (
        1025,
        "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444\
         f4c4a22b4b399155358a994e52bf255de60035742ec71bd08ac275a1b51cc6bf\
         e332b0ef84b409108cda080e6269ed4b3e2c3f7d722aa4cdc98d16deb554e562\
         7be8f955c98e1d5f9565a9194cad0c4285f93700062d9595adb992ae68ff12800ab67a",
        "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69\
         362396b77fdc0d2634a552970843722066c3c15902ae5097e00ff53f1e116f1c\
         d5352720113a837ab2452cafbde4d54085d9cf5d21ca613071551b25d52e69d6\
         c81123872b6f19cd3bc1333edf0c52b94de23ba772cf82636cff4542540a7738d5b930",
    ),
    (
        7169,
        "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817\
         98a8b20534be1ca9eb2ae2df3fae2ea60e48c6fb0b850b1385b5de0fe460dbe9\
         d9f9b0d8db4435da75c601156df9d047f4ede008732eb17adc05d96180f8a735\
         48522840779e6062d643b79478a6e8dbce68927f36ebf676ffa7d72d5f68f050b119c8",
        "ed9b1a922c046fdb3d423ae34e143b05ca1bf28b710432857bf738bcedbfa511\
         3c9e28d72fcbfc020814ce3f5d4fc867f01c8f5b6caf305b3ea8a8ba2da3ab69\
         fabcb438f19ff11f5378ad4484d75c478de425fb8e6ee809b54eec9bdb184315\
         dc856617c09f5340451bf42fd3270a7b0b6566169f242e533777604c118a6358250f54",
    ),
];

const KEY: &[u8; 32] = b"whats the Elvish word for friend";

fn input(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

#[test]
fn blake3_gives_its_published_long_and_keyed_outputs() {
    for (length, hash, keyed) in VECTORS {
        let input = input(length);
        for shown in [131, 64, 32, 1] {
            assert_eq!(digest("blake3", &input, &[], shown), unhex(hash)[..shown], "{shown} of {length}");
            assert_eq!(
                digest("blake3", &input, KEY, shown),
                unhex(keyed)[..shown],
                "{shown} of {length}, keyed"
            );
        }
    }
}

#[test]
fn blake3_in_parts_is_the_same() {
    let token = StopToken::default();
    let context = Context::new(&token, 1);
    for part in [1024, 2048, 4096] {
        for (length, hash, keyed) in VECTORS.into_iter().filter(|(length, ..)| *length > part) {
            let input = input(length);
            let shown = |key| {
                let mut digest = vec![0; 131];
                tree(&input, part, key, &context).expect("it is not stopped").fill(&mut digest);
                digest
            };
            assert_eq!(shown(None), unhex(hash), "{length} in parts of {part}");
            assert_eq!(shown(Some(KEY)), unhex(keyed), "{length} in parts of {part}, keyed");
        }
        // Every shape of the tree: the hash of the whole is the oracle.
        for length in (part + 1..part * 9).step_by(1021) {
            let input = pattern(length);
            let mut digest = [0; 32];
            tree(&input, part, None, &context).expect("it is not stopped").fill(&mut digest);
            assert_eq!(digest, *blake3::hash(&input).as_bytes(), "{length} in parts of {part}");
        }
    }
}

/// One thread that helps at once.
#[derive(Default)]
struct OneMore {
    thread: Mutex<Option<std::thread::JoinHandle<usize>>>,
}

impl Helpers for OneMore {
    fn offer(&self, help: Arc<dyn Help>, most: usize) {
        assert!(most >= 1);
        let helped = std::thread::spawn(move || {
            std::iter::repeat_with(|| help.run()).take_while(|more| *more).count()
        });
        *self.thread.lock().expect("unpoisoned") = Some(helped);
    }

    fn retract(&self) {}
}

#[test]
fn large_input_in_memory_is_hashed_with_the_help_of_others() {
    let input = pattern(5 * PART + 1);
    let (token, helper) = (StopToken::default(), OneMore::default());
    let context = Context::new(&token, 1).with_helpers(&helper);
    let options = json!({ "data": { "attachment": 0 }, "algorithm": "blake3" });
    let output = run_in("hash", &options, &[&input], &context);
    assert_eq!(output, Ok(Output::Text(blake3::hash(&input).to_hex().to_string())));
    let thread = helper.thread.into_inner().expect("unpoisoned").expect("help was asked for");
    assert!(thread.join().is_ok());
}

#[test]
fn a_key_or_a_length_that_does_not_go_with_the_algorithm_is_refused() {
    let long = |length: usize| "k".repeat(length);
    for (mut options, code) in [
        (json!({ "algorithm": "blake3", "key": long(31) }), "ERR_OUT_OF_RANGE"),
        (json!({ "algorithm": "blake3", "key": long(33) }), "ERR_OUT_OF_RANGE"),
        (json!({ "algorithm": "blake2s", "key": long(33) }), "ERR_OUT_OF_RANGE"),
        (json!({ "algorithm": "blake2b", "key": "" }), "ERR_OUT_OF_RANGE"),
        (json!({ "algorithm": "blake2b", "length": 65 }), "ERR_OUT_OF_RANGE"),
        (json!({ "algorithm": "blake3", "length": 0 }), "ERR_OUT_OF_RANGE"),
        (json!({ "algorithm": "blake3", "length": (1 << 20) + 1 }), "ERR_OUT_OF_RANGE"),
        (json!({ "algorithm": "sha256", "key": "k" }), "ERR_INVALID_ARG_VALUE"),
        (json!({ "length": 32 }), "ERR_INVALID_ARG_VALUE"),
    ] {
        options["data"] = Json::from("abc");
        assert_eq!(error(run_with("hash", &options, b"", &StopToken::default())).0, code, "{options}");
    }
}
