//! How values are written into a line: text, numbers, hexadecimal, dates, and the paths that servers make of ids.

/// What can be written at the end of a line.
pub trait Put {
    fn put(&self, out: &mut Vec<u8>);
}

/// Writes each part, in order.
macro_rules! put {
    ($out:expr, $($part:expr),+ $(,)?) => {{ $($crate::put::Put::put(&$part, $out);)+ }};
}
pub(crate) use put;

impl<T: Put + ?Sized> Put for &T {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }
}

impl Put for str {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl Put for bool {
    fn put(&self, out: &mut Vec<u8>) {
        if *self { "true" } else { "false" }.put(out);
    }
}

impl Put for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        itoa::Buffer::new().format(*self).put(out);
    }
}

impl Put for [u8] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// The 16 hexadecimal digits that stand for a file.
pub struct Hex(pub u64);

impl Put for Hex {
    fn put(&self, out: &mut Vec<u8>) {
        let digit = |place: usize| b"0123456789abcdef"[(self.0 >> (60 - 4 * place)) as usize & 15];
        out.extend_from_slice(&std::array::from_fn::<u8, 16, _>(digit));
    }
}

/// The folders in which a server keeps the files of an id: its digits in threes, as in `/111/283/308`.
pub struct Folders(pub u64);

impl Put for Folders {
    fn put(&self, out: &mut Vec<u8>) {
        let (groups, mut unit) = if self.0 < 1_000_000_000 { (3, 1_000_000) } else { (6, 1_000_000_000_000_000) };
        for _ in 0..groups {
            let number = self.0 / unit % 1000;
            let digit = |place: u64| b'0' + (number / place % 10) as u8;
            out.extend_from_slice(&[b'/', digit(100), digit(10), digit(1)]);
            unit /= 1000;
        }
    }
}

/// Milliseconds in a day.
pub const DAY: u64 = 86_400_000;

/// A moment, in milliseconds since 1970, as `YYYY-MM-DDTHH:MM:SS.mmmZ`, the form that Mastodon serves.
#[derive(Clone, Copy)]
pub struct Moment(pub u64);

impl Moment {
    /// The text; from the year 10000 on its first digit is lost.
    pub fn text(self) -> [u8; 24] {
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let days = self.0 / DAY + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + u64::from(month <= 2);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let millis = self.0 % DAY;
        for (end, length, mut number) in [
            (4, 4, year),
            (7, 2, month),
            (10, 2, day),
            (13, 2, millis / 3_600_000),
            (16, 2, millis / 60_000 % 60),
            (19, 2, millis / 1000 % 60),
            (23, 3, millis % 1000),
        ] {
            for digit in text[end - length..end].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        text
    }
}

impl Put for Moment {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text());
    }
}
