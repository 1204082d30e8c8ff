//! zstd's memory, and frames that come in pieces.

use super::super::super::testing::{error, pattern, unhex};
use super::super::super::{Budget, StopToken};
use super::super::tests::{TEXT, compress, foreign};
use super::super::{SCRATCH, SLICE};
use super::*;

#[test]
fn a_compressor_is_asked_for_before_it_is_taken() {
    let token = StopToken::default();
    let budget = Budget::new(500 << 20);
    let context = Context::new(&token, 1).with_budget(&budget);
    // Of a size that nobody knows: zstd takes 700 MB.
    let refused = Compressor::new(22, &Data::File("/no/such/file".into()), &context);
    assert_eq!(refused.err().map(Err).map(error).map(|(code, _)| code).as_deref(), Some("ERR_OUT_OF_MEMORY"));
    assert!(Compressor::new(22, &Data::Bytes(&[0; 1000]), &context).is_ok(), "little data needs little");
}

#[test]
fn what_is_estimated_is_what_is_taken_or_more() {
    let token = StopToken::default();
    let mut output = vec![0; SCRATCH];
    for level in 1..=22 {
        for length in [0, 1, 1000, 100_000, 1_000_000] {
            let input = pattern(length);
            let budget = Budget::new(u64::MAX);
            let context = Context::new(&token, 1).with_budget(&budget);
            let mut compressor = Compressor::new(level, &Data::Bytes(&input), &context).expect("it fits");
            let asked = budget.held();
            compressor.step(&input[..length.min(SLICE)], &mut output, false).expect("it fits");
            let taken = budget.held();
            assert!(taken <= asked && asked < 2 * taken + (1 << 20), "{level}, {length}: {taken} of {asked}");
        }
    }
}

#[test]
fn a_window_is_asked_for_before_it_is_taken() {
    let token = StopToken::default();
    let mut output = vec![0; SCRATCH];
    // RFC 8878: the head of a frame with a window of 2^27 bytes, and the head of an empty block. After a frame, too.
    let frame = unhex("28b52ffd0088010000");
    for before in [vec![], foreign("zstd")] {
        let input = [&before[..], &frame].concat();
        for piece in [1, 2, 5, input.len()] {
            for (limit, fits) in [(1 << 27, false), ((1 << 27) + (1 << 20), true)] {
                let budget = Budget::new(limit);
                let context = Context::new(&token, 1).with_budget(&budget);
                let mut decompressor = Decompressor::new(&context).expect("it fits");
                let mut feed = || -> Result<(), Failure> {
                    for mut piece in input.chunks(piece) {
                        loop {
                            let step = decompressor.step(piece, &mut output, false)?;
                            piece = &piece[step.read..];
                            if step.done {
                                break;
                            }
                        }
                    }
                    Ok(())
                };
                let end = feed().map_err(|failure| error(Err(failure)).0);
                assert_eq!(end, if fits { Ok(()) } else { Err("ERR_OUT_OF_MEMORY".to_owned()) });
                let taken = decompressor.coder.sizeof() as u64;
                assert!(if fits { taken > 1 << 27 && taken <= limit } else { taken < 1 << 20 }, "{taken}");
            }
        }
    }
}

#[test]
fn data_comes_back_whatever_pieces_it_comes_in() {
    let token = StopToken::default();
    let context = Context::new(&token, 1);
    let skippable = unhex("502a4d1803000000616263");
    let long = compress("zstd", &pattern(100_000));
    let input = [&foreign("zstd")[..], &skippable, &long, &foreign("zstd")].concat();
    let expected = [TEXT.as_bytes(), &pattern(100_000), TEXT.as_bytes()].concat();
    for piece in (1..20).chain([1000]) {
        let mut decompressor = Decompressor::new(&context).expect("there is memory");
        let (mut output, mut scratch) = (Vec::new(), vec![0; SCRATCH]);
        for (mut piece, last) in input.chunks(piece).map(|piece| (piece, false)).chain([(&[][..], true)]) {
            loop {
                let step = decompressor.step(piece, &mut scratch, last).expect("whole data");
                output.extend_from_slice(&scratch[..step.written]);
                piece = &piece[step.read..];
                if step.done {
                    break;
                }
            }
        }
        assert!(output == expected, "in pieces of {piece}");
    }
}
