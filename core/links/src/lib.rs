pub fn hosts(_content: &str, _each: &mut impl FnMut(&str)) {}
