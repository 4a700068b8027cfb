//! UUIDs drawn from a seeded generator.

use fastrand::Rng;

/// Returns a version 4 UUID in lower case.
pub(crate) fn uuid(rng: &mut Rng) -> String {
    uuid_after(rng.u64(..1 << 48), rng)
}

/// Returns a version 4 UUID that begins with these 48 bits, so that a greater prefix is a greater id.
pub(crate) fn uuid_after(prefix: u64, rng: &mut Rng) -> String {
    let (high, low) = (prefix >> 16, prefix & 0xffff);
    let (third, fourth) = (rng.u16(..0x1000), rng.u16(0x8000..0xc000));
    format!(
        "{high:08x}-{low:04x}-4{third:03x}-{fourth:04x}-{:012x}",
        rng.u64(..1 << 48)
    )
}
