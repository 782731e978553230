//! The table of oddities: what each is, and how many posts have it.

use crate::random::Random;

macro_rules! oddities {
    ($($(#[doc = $meaning:literal])+ $name:ident = $share:literal,)+) => {
        /// How a post differs from a plain one. A post has one oddity at most; where an oddity shows a post again, that
        /// post may have one of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Oddity {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl Oddity {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
            const SHARES: [u32; Self::ALL.len()] = [$($share,)+];
            const MEANINGS: [&'static str; Self::ALL.len()] = [$(concat!($($meaning),+),)+];
        }
    };
}

// The number behind a name: of a million posts, how many have the oddity.
oddities! {
    // The same post, or its deletion, on another line.
    /// A post some lines before is shown again, the same bytes.
    Again = 8_000,
    /// A post some lines before is shown again: edited, and with higher counts.
    AgainEdited = 6_000,
    /// A post some lines before is shown again with higher counts.
    AgainCounted = 8_000,
    /// A post some lines after is shown, edited, before it is shown as it was.
    Ahead = 3_000,
    /// A post some lines before is shown again with other white space between its members.
    TieSpaces = 1_500,
    /// A post some lines before is shown again with other text, followers and language, but no later.
    TieBytes = 1_500,
    /// A post some lines before is shown again, its creation written in another form.
    TieForms = 1_500,
    /// A post some lines before is deleted.
    DeletedAfter = 5_000,
    /// A post some lines after is deleted.
    DeletedBefore = 3_000,

    // What is a status, but no post.
    /// A boost: `reblog` is a status.
    Boost = 11_000,
    /// `visibility` is `unlisted`, `private` or `direct`.
    NotPublic = 8_000,
    /// No `visibility`.
    VisibilityAbsent = 1_000,

    // Ids.
    /// The id is a JSON number above 2^53.
    IdNumber = 20_000,
    /// The id is a JSON number of more than 64 bits.
    IdHuge = 600,
    /// The id is a negative or a short JSON number.
    IdShort = 600,
    /// A flake id, as Pleroma's.
    IdFlake = 15_000,
    /// A ULID.
    IdUlid = 2_000,
    /// A UUID.
    IdUuid = 2_000,
    /// The id is the same text with an escape in it.
    IdEscaped = 600,

    // Dates.
    /// `created_at` without decimals of the second.
    DateSeconds = 4_000,
    /// `created_at` with six decimals.
    DateMicros = 2_000,
    /// `created_at` with nine decimals.
    DateNanos = 600,
    /// `created_at` with `+00:00` for the `Z`.
    DateOffset = 3_000,
    /// `created_at` with another offset, such as `+0200`, which may move its day.
    DateShifted = 2_000,
    /// `created_at` with a space for the `T`.
    DateSpace = 2_000,
    /// `created_at` with a space before the offset.
    DateSpaceOffset = 1_000,
    /// `created_at` as Python writes it: a space, six decimals or none, `+00:00`.
    DatePython = 6_000,
    /// `created_at` without an offset.
    DateNaive = 1_000,
    /// `created_at` is a bare date.
    DateBare = 1_000,
    /// Edited: `edited_at` is a date.
    Edited = 25_000,
    /// Created 1 to 122 days before the server saw it.
    Late = 8_000,

    // Languages.
    /// `language` is null.
    LanguageNull = 80_000,
    /// No `language`.
    LanguageAbsent = 20_000,
    /// `language` is empty.
    LanguageEmpty = 1_500,
    /// `language` has a backslash, a tab or a line feed in it.
    LanguageEscaped = 600,

    // Counts.
    /// Reblogs, favourites or replies are negative.
    CountNegative = 1_000,
    /// Reblogs, favourites or replies are null.
    CountNull = 1_000,
    /// Reblogs, favourites or replies are absent.
    CountAbsent = 1_000,
    /// Favourites above 2^32.
    CountLarge = 500,
    /// No followers.
    FollowersZero = 15_000,
    /// `followers_count` is -1: hidden.
    FollowersHidden = 2_000,
    /// `followers_count` is null.
    FollowersNull = 1_000,

    // Accounts.
    /// `account` is null.
    AccountNull = 1_000,
    /// No `account`.
    AccountAbsent = 600,
    /// The account's id is null, empty or absent.
    AccountIdMissing = 1_000,
    /// The account's id is a JSON number.
    AccountIdNumber = 8_000,
    /// The account's id has a backslash, a tab or a line feed in it.
    AccountIdEscaped = 600,
    /// The account's creation date is null, a number, no date or absent.
    AccountDateMissing = 1_000,

    // Emojis and tags.
    /// `emojis` is a list of strings.
    EmojiStrings = 2_000,
    /// An emoji is listed twice.
    EmojiTwice = 800,
    /// `tags` is a list of strings.
    TagStrings = 3_000,
    /// A tag is listed twice in different case.
    TagTwice = 2_000,
    /// A tag in capitals, among them those whose small letters are more or others than theirs.
    TagCapitals = 3_000,
    /// Tags in other scripts than the language's.
    TagScripts = 3_000,
    /// A tag has a control character in it, as `\u0001`.
    TagControl = 600,
    /// A tag has a backslash, a tab or a line feed in it.
    TagEscaped = 600,
    /// A tag and a shortcode of no bytes.
    KeyEmpty = 600,
    /// A tag or a shortcode of 32,768 bytes, one more than a row key may have.
    KeyLong = 20,

    // Bytes and JSON.
    /// Lone surrogates in the text.
    Surrogate = 1_000,
    /// A lone surrogate in a tag.
    SurrogateTag = 600,
    /// Bytes in the text that are no UTF-8.
    InvalidBytes = 1_000,
    /// Bytes in a tag that are no UTF-8.
    InvalidTag = 600,
    /// A name twice in an object, the second with the right value.
    NameTwice = 1_000,
    /// A name with an escape in it.
    NameEscaped = 600,
    /// An optional member is of a wrong type.
    WrongType = 2_500,
    /// `<` as `\u003c`, `>` and `&` likewise.
    EscapedMarkup = 4_000,
    /// `/` as `\/`.
    EscapedSlash = 1_000,
    /// Whatever isn't ASCII as `\u` and four digits, as Python writes it.
    EscapedLetters = 3_000,
    /// Tabs and line feeds, escaped, in the text and the display name.
    TextBreaks = 3_000,
    /// Brackets and quotes in the text, more than objects may nest.
    TextBrackets = 600,
    /// A value that nests 100 levels deep.
    Nested = 600,
    /// A text of 300,000 bytes.
    TextLong = 20,

    // Links and HTML.
    /// Text without any tag, with bare addresses.
    PlainUrls = 4_000,
    /// Tags, but no `a`, with bare addresses.
    MarkedUrls = 2_000,
    /// Comments with links, and what only looks like a comment.
    HtmlComment = 800,
    /// Attributes without quotes, with single ones, with white space around.
    HtmlUnquoted = 800,
    /// The same attribute twice.
    HtmlAttributeTwice = 600,
    /// Character references in an address.
    HtmlReference = 1_000,
    /// `<a` in script, style, textarea and the like, where it is text.
    HtmlRawText = 1_500,
    /// Tags and attributes in capitals.
    HtmlCapitals = 600,
    /// Tags that don't end, or that are no tags.
    HtmlBroken = 1_500,
    /// Mentions known by a class, and what only looks like one.
    HtmlMention = 1_000,
    /// Hashtags known by a class or by `rel`, and what only looks like one.
    HtmlHashtag = 1_000,
    /// Hosts in other letters than ASCII, as they are and as punycode.
    HostUnicode = 1_500,
    /// Hosts with a port.
    HostPort = 1_500,
    /// A user and password before the host.
    HostUser = 600,
    /// IPv4 hosts, in decimal, hexadecimal and as one number.
    HostIpv4 = 800,
    /// IPv6 hosts.
    HostIpv6 = 800,
    /// Dots at an end of the host.
    HostDots = 600,
    /// Hosts and schemes in capitals.
    HostCapitals = 600,
    /// White space in and around addresses.
    UrlSpaces = 800,
    /// Addresses that are broken, or relative.
    UrlBroken = 1_500,
    /// Addresses of other schemes than http and https.
    UrlScheme = 1_000,

    // Lines.
    /// An object that ends too early: bad.
    LineCut = 500,
    /// JSON, but no object: bad.
    LineNoObject = 500,
    /// No JSON at all: bad.
    LineNoJson = 500,
    /// Nested deeper than 128 levels: bad.
    LineDeep = 400,
    /// No usable id: bad.
    IdMissing = 700,
    /// No usable date of creation: bad.
    DateMissing = 700,
    /// An empty line before the post.
    LineEmpty = 600,
    /// A line of spaces and tabs before the post.
    LineBlank = 600,
    /// CR and LF at the line's end.
    LineCrLf = 3_000,
}

impl Oddity {
    /// In how many of a million posts it occurs.
    pub fn share(self) -> u32 {
        Self::SHARES[self as usize]
    }

    /// What it is, in a sentence.
    pub fn meaning(self) -> &'static str {
        Self::MEANINGS[self as usize].trim_ascii()
    }

    /// Whether the post's line must be counted as bad: it is no object, or has no usable `id` or `created_at`.
    pub fn is_bad(self) -> bool {
        use Oddity::{DateMissing, IdMissing, LineCut, LineDeep, LineNoJson, LineNoObject};
        matches!(self, LineCut | LineNoObject | LineNoJson | LineDeep | IdMissing | DateMissing)
    }

    /// One of them or none, as often as the shares say.
    pub(crate) fn pick(random: &mut Random) -> Option<Self> {
        const ENDS: [u32; Oddity::ALL.len()] = {
            let mut ends = Oddity::SHARES;
            let mut place = 1;
            while place < ends.len() {
                ends[place] += ends[place - 1];
                place += 1;
            }
            ends
        };
        let draw = random.below(1_000_000) as u32;
        Self::ALL.get(ENDS.partition_point(|end| *end <= draw)).copied()
    }
}
