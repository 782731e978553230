//! JSON values that never fail a line: of a type that a field should not have, they count as absent.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::surrogates::without_lone_surrogates;

/// What values of each JSON type mean for a field; what it does not expect is `None`.
pub(crate) trait Field<'de>: Sized {
    fn text(_: Cow<'de, str>) -> Option<Self> {
        None
    }

    fn number(_: u64) -> Option<Self> {
        None
    }

    fn negative(_: i64) -> Option<Self> {
        None
    }

    /// A number that is not whole, or has more digits than a `u64`.
    fn other_number() -> Option<Self> {
        None
    }

    fn flag(_: bool) -> Option<Self> {
        None
    }

    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A field's value, read from a value of any type.
pub(crate) struct Optional<F>(pub(crate) Option<F>);

impl<'de, F: Field<'de>> Deserialize<'de> for Optional<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyType(PhantomData)).map(Self)
    }
}

struct AnyType<F>(PhantomData<F>);

impl<'de, F: Field<'de>> Visitor<'de> for AnyType<F> {
    type Value = Option<F>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(F::text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(F::text(Cow::Owned(text.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(F::number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or_else(|_| F::negative(number), F::number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(F::other_number())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(F::flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        F::list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        F::object(object)
    }
}

/// A struct that is read from an object, each field `Option`al, the last of fields with the same name counting.
macro_rules! object {
    (struct $object:ident<'a> { $($field:ident: $type:ty = $name:literal,)* }) => {
        #[derive(Default)]
        struct $object<'a> {
            $($field: Option<$type>,)*
        }

        impl<'a> crate::json::Field<'a> for $object<'a> {
            fn object<A: serde::de::MapAccess<'a>>(mut object: A) -> Result<Option<Self>, A::Error> {
                #[derive(serde::Deserialize)]
                #[serde(field_identifier)]
                #[allow(non_camel_case_types, reason = "the fields' own names")]
                enum FieldName {
                    $(#[serde(rename = $name)] $field,)*
                    #[serde(other)]
                    Other,
                }

                let mut fields = Self::default();
                while let Some(key) = object.next_key()? {
                    match key {
                        $(FieldName::$field => fields.$field = object.next_value::<crate::json::Optional<$type>>()?.0,)*
                        FieldName::Other => {
                            object.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Some(fields))
            }
        }
    };
}
pub(crate) use object;

/// A string.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'a> Field<'a> for Text<'a> {
    fn text(text: Cow<'a, str>) -> Option<Self> {
        Some(Self(text))
    }
}

/// A whole number; a negative one is read as 0.
pub(crate) struct Number(u64);

impl Number {
    pub(crate) fn or_zero(number: Option<Self>) -> u64 {
        number.map_or(0, |number| number.0)
    }
}

impl Field<'_> for Number {
    fn number(number: u64) -> Option<Self> {
        Some(Self(number))
    }

    fn negative(_: i64) -> Option<Self> {
        Some(Self(0))
    }
}

/// `true` or `false`.
pub(crate) struct Flag(pub(crate) bool);

impl Field<'_> for Flag {
    fn flag(flag: bool) -> Option<Self> {
        Some(Self(flag))
    }
}

/// How many values a list has that are not `null`.
pub(crate) struct Length(pub(crate) usize);

impl<'de> Field<'de> for Length {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut length = 0;
        while let Some(value) = list.next_element::<Optional<NotNull>>()? {
            length += usize::from(value.0.is_some());
        }
        Ok(Some(Self(length)))
    }
}

/// An object's member that names it: a custom emoji's shortcode, a tag's name.
pub(crate) trait Named<'a>: Field<'a> {
    fn name(self) -> Option<Cow<'a, str>>;
}

object! {
    struct EmojiObject<'a> {
        shortcode: Text<'a> = "shortcode",
    }
}

object! {
    struct TagObject<'a> {
        name: Text<'a> = "name",
    }
}

macro_rules! named {
    ($($(#[$doc:meta])* $named:ident = $object:ident.$field:ident),*) => {$(
        $(#[$doc])*
        pub(crate) struct $named<'a>(Option<Cow<'a, str>>);

        impl<'a> Field<'a> for $named<'a> {
            fn text(text: Cow<'a, str>) -> Option<Self> {
                Some(Self(Some(text)))
            }

            fn object<A: MapAccess<'a>>(object: A) -> Result<Option<Self>, A::Error> {
                Ok($object::object(object)?.map(|object| Self(object.$field.map(|name| name.0))))
            }
        }

        impl<'a> Named<'a> for $named<'a> {
            fn name(self) -> Option<Cow<'a, str>> {
                self.0
            }
        }
    )*};
}
named! {
    /// A custom emoji: an object with a shortcode, or the shortcode itself.
    Shortcode = EmojiObject.shortcode,
    /// A tag: an object with a name, or the name itself.
    Name = TagObject.name
}

/// A list of named things, each an object or a plain string; what has no name is left out.
pub(crate) struct Names<'a, N>(pub(crate) Vec<Cow<'a, str>>, PhantomData<N>);

impl<'a, N: Named<'a>> Field<'a> for Names<'a, N> {
    fn list<A: SeqAccess<'a>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut names = Vec::new();
        while let Some(Optional::<N>(named)) = list.next_element()? {
            names.extend(named.and_then(N::name));
        }
        Ok(Some(Self(names, PhantomData)))
    }
}

/// Anything but `null`.
pub(crate) struct NotNull;

impl<'de> Field<'de> for NotNull {
    fn text(_: Cow<'de, str>) -> Option<Self> {
        Some(Self)
    }

    fn number(_: u64) -> Option<Self> {
        Some(Self)
    }

    fn negative(_: i64) -> Option<Self> {
        Some(Self)
    }

    fn other_number() -> Option<Self> {
        Some(Self)
    }

    fn flag(_: bool) -> Option<Self> {
        Some(Self)
    }

    fn list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Length::list(list).map(|_| Some(Self))
    }

    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        Length::object(object).map(|_| Some(Self))
    }
}

/// An object of any fields.
pub(crate) struct AnyObject;

impl<'de> Field<'de> for AnyObject {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        Length::object(object).map(|_| Some(Self))
    }
}

/// An id: a string, or a number as its exact digits.
pub(crate) enum RawId<'a> {
    /// The string, or the digits.
    Text(Cow<'a, str>),
    /// A number that the parser cannot give exactly.
    OtherNumber,
}

impl<'a> Field<'a> for RawId<'a> {
    fn text(text: Cow<'a, str>) -> Option<Self> {
        Some(Self::Text(text))
    }

    fn number(number: u64) -> Option<Self> {
        Some(Self::Text(Cow::Owned(number.to_string())))
    }

    fn negative(number: i64) -> Option<Self> {
        Some(Self::Text(Cow::Owned(number.to_string())))
    }

    fn other_number() -> Option<Self> {
        Some(Self::OtherNumber)
    }
}

/// The last value of this name in an object, as its text.
fn last_value(object: &str, name: &str) -> Option<String> {
    let values = sonic_rs::to_object_iter(object).filter_map(Result::ok);
    values.filter(|(key, _)| key == name).last().map(|(_, value)| value.as_raw_str().into())
}

impl<'a> RawId<'a> {
    /// The id, if it is usable: a string that is not empty, or a number without decimals and exponent, whose digits are
    /// looked up in the line by the path of the id where the parser could not give them.
    pub(crate) fn text(self, line: &'a str, path: &[&str]) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => (!text.is_empty()).then_some(text),
            Self::OtherNumber => {
                // A name with a lone surrogate would end the search.
                let line = without_lone_surrogates(line);
                let number = path.iter().try_fold(line, |object, name| last_value(&object, name))?;
                let digits = number.strip_prefix('-').unwrap_or(&number);
                digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(Cow::Owned(number))
            }
        }
    }
}
