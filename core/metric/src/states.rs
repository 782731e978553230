//! Ready states, which serve most metrics, and pairs and triples of them.

use crate::{
    Instant,
    merge::{Merge, StateReader, StateWriter},
    post::Id,
    row::Value,
};

/// How often: the sum of what the posts add. It stops at `u64::MAX` instead of overflowing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count(pub u64);

impl Count {
    /// What one post adds.
    pub const ONE: Self = Self(1);
}

impl Merge for Count {
    fn merge(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }

    fn write(&self, text: &mut StateWriter<'_>) {
        text.integer(self.0);
    }

    fn read(text: &mut StateReader<'_>) -> Option<Self> {
        text.integer().map(Self)
    }
}

/// That a member was seen, and nothing else: for distinct counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen;

impl Merge for Seen {
    fn merge(&mut self, _: Self) {}

    fn write(&self, _: &mut StateWriter<'_>) {}

    fn read(_: &mut StateReader<'_>) -> Option<Self> {
        Some(Self)
    }
}

/// The mean of ratios of whole numbers, one ratio a post.
///
/// Each ratio is rounded once, half to even, to a whole number of 1e-18 units; these are summed exactly (the sum stops at
/// `u128::MAX`), and the [mean](Self::mean) is rounded once to the nearest double. So it is the same in every order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratios {
    units: u128,
    ratios: u64,
}

impl Ratios {
    const UNITS: u128 = 1_000_000_000_000_000_000;

    /// One post's ratio; 0 where the denominator is 0. The numerator must not be above 2^65, so that its units fit.
    pub fn one(numerator: u128, denominator: u64) -> Self {
        let Some(denominator) = std::num::NonZeroU128::new(denominator.into()).filter(|_| numerator > 0) else {
            return Self { units: 0, ratios: 1 };
        };
        let units = numerator.saturating_mul(Self::UNITS);
        let (whole, rest) = (units / denominator, units % denominator);
        let round_up = match (rest * 2).cmp(&denominator.get()) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => whole % 2 == 1,
            std::cmp::Ordering::Greater => true,
        };
        Self { units: whole + u128::from(round_up), ratios: 1 }
    }

    /// How many ratios are in it.
    pub fn ratios(self) -> u64 {
        self.ratios
    }

    /// The mean, as the nearest double; 0 where there is none.
    pub fn mean(self) -> f64 {
        let Some(divisor) = std::num::NonZeroU128::new(u128::from(self.ratios) * Self::UNITS) else { return 0.0 };
        let mut quotient = self.units / divisor;
        let mut rest = self.units % divisor;
        // More binary digits, until there are ten more than a double holds or nothing is left: below 1 / 2^64, the
        // smallest quotient of a unit, no more than 128 + 64 of them are zeros.
        let mut exponent = 0;
        while rest != 0 && quotient < 1 << 63 {
            rest *= 2;
            quotient = quotient * 2 + rest / divisor;
            rest %= divisor;
            exponent -= 1;
        }
        // What is left decides only between two doubles that would be equally near.
        #[allow(clippy::cast_precision_loss, reason = "an integer is rounded to the nearest double, half to even")]
        let mantissa = (quotient | u128::from(rest != 0)) as f64;
        mantissa * 2_f64.powi(exponent)
    }
}

impl Merge for Ratios {
    fn merge(&mut self, other: Self) {
        self.units = self.units.saturating_add(other.units);
        self.ratios = self.ratios.saturating_add(other.ratios);
    }

    fn write(&self, text: &mut StateWriter<'_>) {
        text.integer(self.units);
        text.integer(self.ratios);
    }

    fn read(text: &mut StateReader<'_>) -> Option<Self> {
        Some(Self { units: text.integer()?, ratios: text.integer()? })
    }
}

/// A value as it stands in one post, the post's date and id with it: the latest post's value wins, by date, then by id,
/// then by the greater value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latest(Option<(Instant, Id, u64)>);

impl Latest {
    /// What one post says.
    pub fn one(post: &crate::Post<'_>, value: u64) -> Self {
        Self(Some((post.created_at, Id::new(&post.id), value)))
    }

    /// The latest post's value; 0 where there is none.
    pub fn value(&self) -> u64 {
        self.0.as_ref().map_or(0, |latest| latest.2)
    }
}

impl Merge for Latest {
    fn merge(&mut self, other: Self) {
        if other.0 > self.0 {
            self.0 = other.0;
        }
    }

    fn write(&self, text: &mut StateWriter<'_>) {
        text.integer(u8::from(self.0.is_some()));
        if let Some((created_at, id, value)) = &self.0 {
            text.integer(created_at.micros());
            text.string(id.as_str());
            text.integer(*value);
        }
    }

    fn read(text: &mut StateReader<'_>) -> Option<Self> {
        Some(Self(match text.integer()? {
            0_u8 => None,
            1 => Some((Instant::from_micros(text.integer()?), Id::new(&text.string()?), text.integer()?)),
            _ => return None,
        }))
    }

    fn heap_bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |latest| latest.1.heap_bytes())
    }

    /// The id only decides between posts of one moment, where an empty one is the lesser.
    fn forget_posts(&mut self, is_forgotten: &dyn Fn(&str) -> bool) -> bool {
        let Some((_, id, _)) = self.0.as_mut().filter(|latest| is_forgotten(latest.1.as_str())) else { return false };
        *id = Id::new("");
        true
    }
}

macro_rules! tuple {
    ($($state:ident $part:tt)+) => {
        /// Several states side by side, written one after the other.
        impl<$($state: Merge),+> Merge for ($($state,)+) {
            fn merge(&mut self, other: Self) {
                $(self.$part.merge(other.$part);)+
            }

            fn write(&self, text: &mut StateWriter<'_>) {
                $(self.$part.write(text);)+
            }

            fn read(text: &mut StateReader<'_>) -> Option<Self> {
                Some(($($state::read(text)?,)+))
            }

            fn heap_bytes(&self) -> usize {
                0 $(+ self.$part.heap_bytes())+
            }

            fn forget_posts(&mut self, is_forgotten: &dyn Fn(&str) -> bool) -> bool {
                // Not `||`, which would pass over the others after the first.
                [$(self.$part.forget_posts(is_forgotten)),+].contains(&true)
            }
        }
    };
}
tuple!(A 0 B 1);
tuple!(A 0 B 1 C 2);

impl From<Count> for Value {
    fn from(count: Count) -> Self {
        Self::Integer(count.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ratios_round_half_to_even() {
        let units = |numerator, denominator| Ratios::one(numerator, denominator).units;
        assert_eq!(units(1, 3), 333_333_333_333_333_333);
        assert_eq!(units(2, 3), 666_666_666_666_666_667);
        // 1e18 / 2^19 = 1907348632812.5
        assert_eq!(units(1, 1 << 19), 1_907_348_632_812);
        assert_eq!(units(3, 1 << 19), 5_722_045_898_438);
        assert_eq!(units(7, 0), 0);
        assert_eq!(units(2 * u128::from(u64::MAX), 1), 2 * u128::from(u64::MAX) * Ratios::UNITS);
    }

    #[test]
    fn means_are_the_nearest_double() {
        let mean = |units, ratios| Ratios { units, ratios }.mean().to_string();
        assert_eq!(mean(0, 0), "0");
        assert_eq!(mean(0, 5), "0");
        assert_eq!(mean(Ratios::UNITS / 2, 1), "0.5");
        assert_eq!(mean(100_000_000_000, 1), "0.0000001");
        assert_eq!(mean(Ratios::UNITS * 7, 1), "7");
        assert_eq!(mean(Ratios::UNITS / 3, 1), "0.3333333333333333");
        assert_eq!(mean(u128::MAX, 1), 3.402_823_669_209_385e20.to_string());
    }

    proptest! {
        /// Decimal fractions of a unit sum are parsed correctly rounded by the standard library: the same must come out.
        #[test]
        fn one_ratio_is_rounded_as_its_decimal_text(units in any::<u128>(), shift in 0..100_u32) {
            let units = units >> shift;
            let text = format!("{}.{:018}", units / Ratios::UNITS, units % Ratios::UNITS);
            prop_assert_eq!(Ratios { units, ratios: 1 }.mean().to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
    }
}
