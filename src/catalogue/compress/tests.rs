//! Tests of both tasks.

use super::super::testing::{error, pattern, run, run_in, run_with, unhex};
use super::super::{Budget, StopToken};
use super::*;
use proptest::prelude::*;
use serde_json::json;

mod limits;

const NAMES: [&str; 4] = ["gzip", "deflate", "brotli", "zstd"];

pub(super) const TEXT: &str = "spin, spin, spin the thread";

/// `TEXT` as node:zlib's gzipSync, deflateSync and brotliCompressSync and `zstd` 1.5 wrote it.
const FOREIGN: [(&str, &str); 4] = [
    ("gzip", "1f8b08000000000000032b2ec8ccd3512886930a2519a90a251945a989290009a58d3d1b000000"),
    ("deflate", "789c2b2ec8ccd3512886930a2519a90a251945a9892900875209c0"),
    ("brotli", "1b1a00f88d54b5bf0671839b532c6945083c75c04fb9823709"),
    ("zstd", "28b52ffd241bbd0000887370696e2c2020746865207468726561640100d94a11e0c71507"),
];

/// Nothing, as the same programs wrote it.
const FOREIGN_NOTHING: [(&str, &str); 4] = [
    ("gzip", "1f8b080000000000000303000000000000000000"),
    ("deflate", "789c030000000001"),
    ("brotli", "3b"),
    ("zstd", "28b52ffd240001000099e9d851"),
];

pub(super) fn foreign(algorithm: &str) -> Vec<u8> {
    unhex(FOREIGN.iter().find(|(name, _)| *name == algorithm).expect("one of the four").1)
}

fn bytes(result: Result<Output, Failure>) -> Vec<u8> {
    match result {
        Ok(Output::Bytes(bytes)) => bytes,
        other => panic!("no bytes: {other:?}"),
    }
}

pub(super) fn compress(algorithm: &str, input: &[u8]) -> Vec<u8> {
    bytes(run("compress", json!({ "algorithm": algorithm }), input))
}

fn decompress(algorithm: &str, input: &[u8]) -> Result<Output, Failure> {
    run("decompress", json!({ "algorithm": algorithm }), input)
}

fn text(times: usize) -> Result<Output, Failure> {
    Ok(Output::Bytes(TEXT.repeat(times).into_bytes()))
}

fn corrupt_with(sentence: &str) -> Result<Output, Failure> {
    Err(Failure::new("ERR_CORRUPT_DATA", sentence))
}

fn truncated_in(algorithm: &str) -> Result<Output, Failure> {
    corrupt_with(&format!("The {algorithm} data is truncated: unexpected end of file."))
}

#[test]
fn what_other_programs_compressed_decompresses() {
    for (algorithm, hex) in FOREIGN {
        assert_eq!(decompress(algorithm, &unhex(hex)), text(1), "{algorithm}");
    }
    for (algorithm, hex) in FOREIGN_NOTHING {
        assert_eq!(decompress(algorithm, &unhex(hex)), Ok(Output::Bytes(vec![])), "{algorithm}");
    }
}

#[test]
fn every_level_comes_back_as_it_was() {
    for (algorithm, levels) in [("gzip", 0..=9), ("deflate", 0..=9), ("brotli", 0..=11), ("zstd", 1..=22)] {
        for level in levels {
            for input in [&b""[..], b"a", TEXT.repeat(100).as_bytes()] {
                let options = json!({ "algorithm": algorithm, "level": level });
                let compressed = bytes(run("compress", options, input));
                let output = decompress(algorithm, &compressed);
                assert_eq!(output, Ok(Output::Bytes(input.to_vec())), "{algorithm} {level}");
            }
        }
    }
}

#[test]
fn input_of_several_chunks_comes_back_as_it_was() {
    let input = pattern(700_001);
    for algorithm in NAMES {
        let compressed = compress(algorithm, &input);
        assert!(compressed.len() < 60_000, "{algorithm}: {}", compressed.len());
        assert_eq!(decompress(algorithm, &compressed), Ok(Output::Bytes(input.clone())), "{algorithm}");
    }
    // Slow levels end their blocks early: three of brotli's, twenty of zstd's.
    for (algorithm, level) in [("brotli", 10), ("zstd", 13)] {
        let compressed = bytes(run("compress", json!({ "algorithm": algorithm, "level": level }), &input));
        assert_eq!(decompress(algorithm, &compressed), Ok(Output::Bytes(input.clone())), "{algorithm}");
    }
}

#[test]
fn the_formats_are_the_published_ones() {
    // RFC 1952: magic, method, no flags; at the end the CRC-32 and the length, little-endian.
    let gzip = compress("gzip", b"123456789");
    assert_eq!(gzip[..4], [0x1f, 0x8b, 8, 0]);
    assert_eq!(gzip[gzip.len() - 8..], [0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0]);
    // RFC 1950: the header is a multiple of 31; at the end the Adler-32, whose check value is 091e01de.
    let zlib = compress("deflate", b"123456789");
    assert_eq!((zlib[0], u16::from_be_bytes([zlib[0], zlib[1]]) % 31), (0x78, 0));
    assert_eq!(zlib[zlib.len() - 4..], [0x09, 0x1e, 0x01, 0xde]);
    // RFC 8878: magic; one segment whose size, known beforehand, is in the header.
    let zstd = compress("zstd", b"123456789");
    assert_eq!(zstd[..6], [0x28, 0xb5, 0x2f, 0xfd, 0x20, 9]);
}

#[test]
fn the_defaults_are_gzip_and_a_moderate_level() {
    let input = pattern(5000);
    assert_eq!(run("compress", json!({}), &input), Ok(Output::Bytes(compress("gzip", &input))));
    assert_eq!(run("decompress", json!({}), &foreign("gzip")), text(1));
    for (algorithm, level) in [("gzip", 6), ("deflate", 6), ("brotli", 5), ("zstd", 3)] {
        let explicit = run("compress", json!({ "algorithm": algorithm, "level": level }), &input);
        assert_eq!(explicit, Ok(Output::Bytes(compress(algorithm, &input))), "{algorithm}");
    }
}

#[test]
fn a_level_that_the_algorithm_does_not_have_is_refused() {
    for (algorithm, level) in [("gzip", 10), ("deflate", -1), ("brotli", 12), ("zstd", 0), ("zstd", 23)] {
        let result = run("compress", json!({ "algorithm": algorithm, "level": level }), b"");
        assert_eq!(error(result).0, "ERR_OUT_OF_RANGE", "{algorithm} {level}");
    }
    assert_eq!(error(run("decompress", json!({ "level": 1 }), b"")).0, "ERR_INVALID_ARG_VALUE");
}

#[test]
fn a_stream_cut_anywhere_is_truncated() {
    for (algorithm, hex) in FOREIGN.into_iter().chain(FOREIGN_NOTHING) {
        let stream = unhex(hex);
        for length in 0..stream.len() {
            let output = decompress(algorithm, &stream[..length]);
            assert_eq!(output, truncated_in(algorithm), "{algorithm}, {length} bytes");
        }
    }
}

#[test]
fn a_second_member_cut_anywhere_is_truncated() {
    for algorithm in ["gzip", "zstd"] {
        let stream = foreign(algorithm);
        for length in 1..stream.len() {
            let input = [&stream[..], &stream[..length]].concat();
            assert_eq!(decompress(algorithm, &input), truncated_in(algorithm), "{algorithm}, {length} bytes");
        }
    }
}

#[test]
fn a_long_stream_cut_on_a_chunk_border_is_truncated() {
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(300_000)
    .collect();
    for algorithm in NAMES {
        let stream = compress(algorithm, &noise);
        for length in [SLICE, 128 * 1024, 256 * 1024, stream.len() - 1] {
            assert_eq!(decompress(algorithm, &stream[..length]), truncated_in(algorithm), "{algorithm}");
        }
    }
}

#[test]
fn damage_is_reported_with_the_algorithm_and_what_is_wrong() {
    let flip = |algorithm, position_from_end| {
        let mut stream = foreign(algorithm);
        let position = stream.len() - position_from_end;
        stream[position] ^= 1;
        decompress(algorithm, &stream)
    };
    let junk = b"hello world, this is no archive";
    // zlib's words, which node:zlib shows too.
    assert_eq!(decompress("gzip", junk), corrupt_with("The gzip data is corrupt: incorrect header check."));
    assert_eq!(
        decompress("deflate", junk),
        corrupt_with("The deflate data is corrupt: incorrect header check.")
    );
    assert_eq!(flip("gzip", 5), corrupt_with("The gzip data is corrupt: incorrect data check."));
    assert_eq!(flip("gzip", 1), corrupt_with("The gzip data is corrupt: incorrect length check."));
    assert_eq!(flip("deflate", 1), corrupt_with("The deflate data is corrupt: incorrect data check."));
    // deflateSync('abc', { dictionary: Buffer.from('abc') }), computed by node:zlib.
    assert_eq!(
        decompress("deflate", &unhex("78bb024d01274b4c4a0600024d0127")),
        corrupt_with("The deflate data is corrupt: it needs a preset dictionary.")
    );
    // The names of the reference decoders' own error codes.
    assert_eq!(decompress("brotli", junk), corrupt_with("The brotli data is corrupt: format cl space."));
    assert_eq!(decompress("zstd", junk), corrupt_with("The zstd data is corrupt: unknown frame descriptor."));
    assert_eq!(
        flip("zstd", 1),
        corrupt_with("The zstd data is corrupt: restored data doesn't match checksum.")
    );
}

#[test]
fn members_and_frames_one_after_another_decompress_whole() {
    for algorithm in ["gzip", "zstd"] {
        let stream = foreign(algorithm);
        assert_eq!(decompress(algorithm, &stream.repeat(3)), text(3), "{algorithm}");
        // More than a chunk of them, so that members lie across its border.
        assert_eq!(decompress(algorithm, &stream.repeat(5000)), text(5000), "{algorithm}");
    }
    // RFC 8878: a skippable frame, here of three bytes, gives nothing.
    let skippable = unhex("502a4d1803000000616263");
    let zstd = foreign("zstd");
    assert_eq!(decompress("zstd", &[&skippable[..], &zstd, &skippable, &zstd].concat()), text(2));
}

#[test]
fn what_follows_the_end_is_treated_as_node_zlib_treats_it() {
    let follow = |algorithm, rest: &[u8]| decompress(algorithm, &[&foreign(algorithm), rest].concat());
    // Each outcome was seen in node:zlib.
    for algorithm in ["deflate", "brotli"] {
        for rest in [&b"\0"[..], b"PK\x03\x04", &foreign(algorithm), &[1; 200_000]] {
            assert_eq!(follow(algorithm, rest), text(1), "{algorithm}");
        }
    }
    for rest in [&[0; 10][..], &[0; 200_000], b"\0\x1f\x8b\x08", &[&[0; 10], &foreign("gzip")[..]].concat()] {
        assert_eq!(follow("gzip", rest), text(1));
    }
    let gzip = |what: &str| corrupt_with(&format!("The gzip data is corrupt: {what}."));
    assert_eq!(follow("gzip", b"PK\x03\x04"), gzip("incorrect header check"));
    assert_eq!(follow("gzip", b"\x1f\x8b\xff\xff"), gzip("unknown compression method"));
    assert_eq!(follow("gzip", b"\x01"), truncated_in("gzip"));
    // `zstd` refuses zeros, too.
    for rest in [&[0; 4][..], b"PK\x03\x04"] {
        assert_eq!(follow("zstd", rest), corrupt_with("The zstd data is corrupt: unknown frame descriptor."));
    }
}

#[test]
fn a_cancelled_task_stops() {
    let cancelled = StopToken::default();
    cancelled.stop(1);
    for algorithm in NAMES {
        for task in ["compress", "decompress"] {
            let options = json!({ "data": { "attachment": 0 }, "algorithm": algorithm });
            let result = run_with(task, &options, &foreign(algorithm), &cancelled);
            assert_eq!(result, Err(Failure::Cancelled), "{task} {algorithm}");
        }
    }
}

#[test]
fn brotli_stops_in_the_middle_of_a_block() {
    let cancelled = StopToken::default();
    let context = Context::new(&cancelled, 1);
    let mut compressor = brotli::Compressor::new(11, &context).expect("there is memory");
    let mut output = vec![0; SCRATCH];
    let step = compressor.step(&pattern(SLICE), &mut output, false);
    assert!(step.is_ok_and(|step| step.done && step.read == SLICE && step.written == 0));
    // The whole block is still to be encoded, in one call.
    cancelled.stop(1);
    let step = compressor.step(&[], &mut output, true);
    assert_eq!(step.err(), Some(Failure::Cancelled));
}

#[test]
fn a_file_compresses_without_being_held() {
    let path = std::env::temp_dir().join(format!("threadmill-{}-compress", std::process::id()));
    let input = pattern(300_001);
    std::fs::write(&path, &input).expect("a writable directory for temporary files");
    for (algorithm, level) in [("gzip", 6), ("deflate", 6), ("brotli", 5), ("zstd", 3), ("zstd", 22)] {
        let options = json!({ "data": { "path": path }, "algorithm": algorithm, "level": level });
        let compressed = bytes(run_with("compress", &options, b"", &StopToken::default()));
        assert_eq!(decompress(algorithm, &compressed), Ok(Output::Bytes(input.clone())), "{algorithm}");
    }
    let _ = std::fs::remove_file(&path);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_come_back_as_they_were(input: Vec<u8>, times in 1_usize..100) {
        let input = input.repeat(times);
        for algorithm in NAMES {
            let compressed = compress(algorithm, &input);
            prop_assert_eq!(bytes(decompress(algorithm, &compressed)), &input[..]);
        }
    }

    #[test]
    fn any_bytes_decompress_or_are_refused(input: Vec<u8>, algorithm in 0_usize..4, head in 0_usize..40) {
        let algorithm = NAMES[algorithm];
        let stream = foreign(algorithm);
        let input = [&stream[..head.min(stream.len())], &input].concat();
        let options = json!({ "algorithm": algorithm, "maxOutputLength": 1 << 20 });
        match run("decompress", options, &input) {
            Ok(Output::Bytes(_)) => {}
            Err(Failure::Error { code, .. }) => prop_assert!(
                ["ERR_CORRUPT_DATA", "ERR_BUFFER_TOO_LARGE", "ERR_OUT_OF_MEMORY"].contains(&code.as_str())
            ),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
