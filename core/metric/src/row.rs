//! Rows: what a metric says of one key in the end.

use std::fmt;

/// One cell's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number, never negative.
    Integer(u64),
    /// A double, not infinite and not NaN.
    Real(f64),
    /// Text.
    Text(String),
}

/// As the tables hold it: a number as the shortest decimal that reads back to it, without exponent.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Real(real) => real.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl From<u64> for Value {
    fn from(integer: u64) -> Self {
        Self::Integer(integer)
    }
}

impl From<f64> for Value {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// The cells of one row, by the names of their columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Vec<(&'static str, Value)>);

impl Row {
    /// A row with one cell.
    pub fn new(column: &'static str, value: impl Into<Value>) -> Self {
        Self(vec![(column, value.into())])
    }

    /// The row with one more cell.
    pub fn and(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((column, value.into()));
        self
    }

    /// The cells.
    pub fn cells(&self) -> &[(&'static str, Value)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_exponent_and_no_trailing_zero() {
        let shown: Vec<String> =
            [0.0, 0.5, 1e-7, 1.0, 1e21, 0.1 + 0.2].into_iter().map(|real| Value::from(real).to_string()).collect();
        assert_eq!(shown, ["0", "0.5", "0.0000001", "1", "1000000000000000000000", "0.30000000000000004"]);
    }
}
