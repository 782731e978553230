//! The table of oddities: what each is, how many posts have it, and what it does to a line.

#![expect(clippy::redundant_closure_for_method_calls, reason = "a method is no function of lines of every lifetime")]

use crate::{
    odd::Edit::{self, After, Before, By, Content, Date, Into, One, Replace, Set, Tags},
    put::DAY,
    random::Random,
};

macro_rules! oddities {
    ($($name:ident $share:literal $meaning:literal $edit:expr;)+) => {
        /// How a post differs from a plain one. A post has one oddity at most; where an oddity shows a post again, that
        /// post may have one of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Oddity {
            $(#[doc = $meaning] $name,)+
        }

        impl Oddity {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }

        const SHARES: [u32; Oddity::ALL.len()] = [$($share,)+];
        static MEANINGS: [&str; Oddity::ALL.len()] = [$($meaning,)+];
        static EDITS: [Edit; Oddity::ALL.len()] = [$($edit,)+];
    };
}

// A row: the name; of a million posts, how many have the oddity; what it is; what it does to the line. Values are JSON,
// or stand between the quotes of JSON; `{}` is a host; of several values each post has one.
oddities! {
    // The same post, or its deletion, on another line.
    Again 8_000 "A post some lines before is shown again, the same bytes." After(|line| line.again(-1, |_| ()));
    AgainEdited 6_000 "A post some lines before is shown again: edited, and with higher counts."
        After(|line| line.again(-1, |line| { line.edit_text(); line.count_up(); }));
    AgainCounted 8_000 "A post some lines before is shown again with higher counts."
        After(|line| line.again(-1, |line| line.count_up()));
    Ahead 3_000 "A post some lines after is shown, edited, before it is shown as it was."
        Before(|line| line.again(1, |line| { line.edit_text(); line.count_up(); }));
    TieSpaces 1_500 "A post some lines before is shown again with other white space between its members."
        After(|line| line.again(-1, |line| {
            line.put_before("created_at", b" \t ");
            line.put_before("content", b"  ");
        }));
    TieBytes 1_500 "A post some lines before is shown again with other text, followers and language, but no later."
        After(|line| line.again(-1, |line| {
            line.set_one("language", &[r#""aa""#, r#""zu""#]);
            line.set_one("account.followers_count", &["0", "77", "1000000"]);
            line.put_one_into("content", &["Again ", "<p>once more</p>"]);
        }));
    TieForms 1_500 "A post some lines before, a plain one, is shown again, its creation written in another form."
        After(|line| line.again_plain(|line| {
            line.set_date("created_at", &["DTS.F+00:00", "DTS.F+0200", "D S.F000+00:00", "DTS.F -05:00", "DTS.F"]);
        }));
    DeletedAfter 5_000 "A post some lines before is deleted." After(|line| line.deletion(-1));
    DeletedBefore 3_000 "A post some lines after is deleted." Before(|line| line.deletion(1));

    // What is a status, but no post; and visibility.
    Boost 11_000 "A boost: `reblog` is a status." By(|line| line.boost());
    NotPublic 8_000 "`visibility` is `unlisted`, `private` or `direct`."
        Set("visibility", &[r#""unlisted""#, r#""private""#, r#""direct""#]);
    VisibilityAbsent 1_000 "No `visibility`." Set("visibility", &[""]);

    // Ids.
    IdNumber 20_000 "The id is a JSON number above 2^53." By(|line| line.unquote("id"));
    IdHuge 600 "The id is a JSON number of more than 64 bits." By(|line| {
        let id = format!("{}{:07}", line.id, line.number % 10_000_000);
        line.set("id", &id);
    });
    IdShort 600 "The id is a negative or a short JSON number." By(|line| {
        let id = format!("{}{}", line.random.pick(&["", "-"]), line.number);
        line.set("id", &id);
    });
    IdFlake 15_000 "A flake id, as Pleroma's." By(|line| {
        line.set_letters("A", 17, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", &[]);
    });
    IdUlid 2_000 "A ULID." By(|line| line.set_letters("01K", 23, b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", &[]));
    IdUuid 2_000 "A UUID." By(|line| line.set_letters("", 32, b"0123456789abcdef", &[20, 16, 12, 8]));
    IdEscaped 600 "The id is the same text with an escape in it." By(|line| {
        let id = line.id.to_string();
        let (first, rest) = id.split_at(1);
        line.set("id", &format!("\"\\u003{first}{rest}\""));
    });

    // Dates: D is the day, S the time, F the milliseconds and R a random digit.
    DateSeconds 4_000 "`created_at` without decimals of the second." Date("created_at", &["DTSZ"]);
    DateMicros 2_000 "`created_at` with six decimals." Date("created_at", &["DTS.FRRRZ"]);
    DateNanos 600 "`created_at` with nine decimals." Date("created_at", &["DTS.FRRRRRRZ"]);
    DateOffset 3_000 "`created_at` with `+00:00` for the `Z`." Date("created_at", &["DTS.F+00:00", "DTS+00:00"]);
    DateShifted 2_000 "`created_at` with another offset, which may move its day."
        Date("created_at", &["DTS.F+0200", "DTS.F+09:00", "DTS.F-0800", "DTS-05:00", "DTS.F+14:00"]);
    DateSpace 2_000 "`created_at` with a space for the `T`." Date("created_at", &["D S.FZ", "D SZ"]);
    DateSpaceOffset 1_000 "`created_at` with a space before the offset."
        Date("created_at", &["DTS.F +0000", "D S +00:00"]);
    DatePython 6_000 "`created_at` as Python writes it." Date("created_at", &["D S+00:00", "D S.F000+00:00"]);
    DateNaive 1_000 "`created_at` without an offset." Date("created_at", &["DTS.F", "DTS", "D S"]);
    DateBare 1_000 "`created_at` is a bare date." Date("created_at", &["D"]);
    Edited 25_000 "Edited: `edited_at` is a date." By(|line| {
        line.moment += 1000 + line.random.rank(DAY);
        line.set_date("edited_at", &["DTS.FZ"]);
    });
    Late 8_000 "Created 1 to 122 days before the server saw it." By(|line| {
        line.moment = line.moment.saturating_sub(DAY + line.random.below(121 * DAY));
        line.set_date("created_at", &["DTS.FZ"]);
    });

    // Languages.
    LanguageNull 80_000 "`language` is null." Set("language", &["null"]);
    LanguageAbsent 20_000 "No `language`." Set("language", &[""]);
    LanguageEmpty 1_500 "`language` is empty." Set("language", &[r#""""#]);
    LanguageEscaped 600 "`language` has a backslash, a tab or a line feed in it."
        Set("language", &[r#""e\\n""#, r#""e\tn""#, r#""\n""#, r#""\\t""#]);

    // Counts.
    CountNegative 1_000 "A count is negative."
        One(&[("reblogs_count", "-3"), ("favourites_count", "-1"), ("replies_count", "-2")]);
    CountNull 1_000 "A count is null."
        One(&[("reblogs_count", "null"), ("favourites_count", "null"), ("replies_count", "null")]);
    CountAbsent 1_000 "A count is absent."
        One(&[("reblogs_count", ""), ("favourites_count", ""), ("replies_count", "")]);
    CountLarge 500 "Favourites above 2^32." Set("favourites_count", &["5000000000"]);
    FollowersZero 15_000 "No followers." Set("account.followers_count", &["0"]);
    FollowersHidden 2_000 "`followers_count` is -1: hidden." Set("account.followers_count", &["-1"]);
    FollowersNull 1_000 "`followers_count` is null." Set("account.followers_count", &["null"]);

    // Accounts.
    AccountNull 1_000 "`account` is null." Set("account", &["null"]);
    AccountAbsent 600 "No `account`." Set("account", &[""]);
    AccountIdMissing 1_000 "The account's id is null, empty, of a wrong type or absent."
        Set("account.id", &["null", r#""""#, "true", ""]);
    AccountIdNumber 8_000 "The account's id is a JSON number." By(|line| line.unquote("account.id"));
    AccountIdEscaped 600 "The account's id has a backslash, a tab or a line feed in it."
        Into("account.id", &[r"a\\b", r"a\tb", r"a\nb"]);
    AccountDateMissing 1_000 "The account's creation date is null, a number, no date or absent."
        Set("account.created_at", &["null", "1700000000", r#""""#, r#""long ago""#, ""]);

    // Emojis and tags.
    EmojiStrings 2_000 "`emojis` is a list of strings."
        Set("tags.emojis", &[r#"["mill_stone","mill_grain"]"#, r#"["toot_mill"]"#]);
    EmojiTwice 800 "An emoji is listed twice."
        Set("tags.emojis", &[r#"[{"shortcode":"mill_stone"},{"shortcode":"mill_stone"}]"#]);
    TagStrings 3_000 "`tags` is a list of strings."
        Set("tags", &[r#"["Mill","水車"]"#, r#"["MÜHLE","mühle","طاحونة"]"#, r#"["x_1"]"#]);
    TagTwice 2_000 "A tag is listed twice in different case."
        Tags(&["Mill mILL", "GRÜNKERN grünkern", "STRAẞE straße", "ΟΔΥΣΣΕΥΣ οδυσσευς", "ИВА Ива", "ǄUNGLA ǆungla"]);
    TagCapitals 3_000 "A tag in capitals, among them those whose small letters are more or others than theirs."
        Tags(&["MILL", "STRAẞE", "İSTANBUL", "ΟΔΥΣΣΕΥΣ", "ΣΑΣ", "ԵՐԵՒԱՆ", "ᲛᲔᲚᲘ", "\u{212a}ELVIN", "ＷＩＤＥ", "ⅣⅤ", "𐐀𐐁"]);
    TagScripts 3_000 "Tags in many scripts, in joined and separate letters."
        Tags(&["水車小屋 磨坊 방앗간", "طاحونة טחנה", "мельница μύλος წისქვილი", "चक्की โรงสี", "🦣 🏳️‍🌈 x_1", "é e\u{301} ａｂｃ"]);
    TagControl 600 "A tag has a control character in it, as `\\u0001`."
        Tags(&[r"mi\u0001ll", r"\u001fmill", r"mill\u0000", r"\u007f"]);
    TagEscaped 600 "A tag has a backslash, a tab or a line feed in it."
        Tags(&[r"mi\\ll", r"mi\tll", r"mi\nll", r"mi\r\nll", r"\\x01", r"\\"]);
    KeyEmpty 600 "A tag or a shortcode of no bytes."
        One(&[("tags", r#"[{"name":""}]"#), ("tags.emojis", r#"[{"shortcode":""}]"#)]);
    KeyLong 20 "A tag or a shortcode of 32,768 bytes, one more than a row key may have." By(|line| {
        let (list, name) = line.random.pick(&[("tags", "name"), ("tags.emojis", "shortcode")]);
        line.set(list, &format!("[{{\"{name}\":\"{}\"}}]", "m".repeat(32_768)));
    });

    // Bytes and JSON.
    Surrogate 1_000 "Lone surrogates in the text." Into("content", SURROGATES);
    SurrogateTag 600 "A lone surrogate in a tag." Tags(SURROGATES);
    InvalidBytes 1_000 "Bytes in the text that are no UTF-8."
        By(|line| { let bytes = line.random.pick(INVALID); line.put_into("content", bytes); });
    InvalidTag 600 "Bytes in a tag that are no UTF-8." By(|line| {
        line.set("tags", r#"[{"name":"mill"}]"#);
        let bytes = line.random.pick(INVALID);
        line.put_into("tags.name", bytes);
    });
    NameTwice 1_000 "A name twice in an object, the second with the right value." By(|line| {
        let (path, name, first) = line.random.pick(TWICE);
        line.put_before(path, format!("\"{name}\":{first},").as_bytes());
    });
    NameEscaped 600 "A name with an escape in it." By(|line| {
        let (path, name) = line.random.pick(&[
            ("id", r#""\u0069d":"#), ("language", r#""l\u0061nguage":"#), ("content", r#""conten\u0074":"#),
        ]);
        line.rename(path, name);
    });
    WrongType 2_500 "An optional member is of a wrong type." One(&[
        ("language", "7"), ("content", "null"), ("content", r#"["<a href=\"https://lost.example/\">x</a>"]"#),
        ("tags", "null"), ("tags", r#"{"name":"lost"}"#), ("tags", r#"[null,7,{"name":null},{"name":"kept"},{}]"#),
        ("tags.emojis", "5"), ("tags.emojis", r#"[{"shortcode":7},"kept",[]]"#), ("media_attachments", r#""none""#),
        ("media_attachments", "null"), ("favourites_count", r#""12""#), ("favourites_count", "1.5"),
        ("reblogs_count", "[]"),
        ("replies_count", "true"), ("account", r#""nobody""#), ("account", "[1]"), ("account.bot", r#""yes""#),
        ("account.followers_count", r#""many""#), ("edited_at", "1700000000"), ("edited_at", r#""soon""#),
        ("mentions", r#""all""#),
    ]);
    EscapedMarkup 4_000 r"`<` as `\u003c`, `>` and `&` likewise."
        By(|line| line.escape(|letter| "<>&".contains(letter)));
    EscapedSlash 1_000 r"`/` as `\/`." By(|line| line.escape(|letter| letter == '/'));
    EscapedLetters 3_000 r"Whatever isn't ASCII as `\u` and four digits, as Python writes it." By(|line| {
        line.put_into("content", "Mühle 🦣 ".as_bytes());
        line.escape(|letter| !letter.is_ascii());
    });
    TextBreaks 3_000 "Tabs and line feeds, escaped, in the text and the display name." By(|line| {
        line.put_one_into("content", &[r"one\ttwo\n\nthree ", r"\r\n\t", r"tab\there\u2028 "]);
        line.put_one_into("account.display_name", &[r"two\nlines ", r"\t"]);
    });
    TextBrackets 600 "Brackets and quotes in the text, more than objects may nest." By(|line| {
        line.put_into("content", [&*"[".repeat(200), r#"\"\\"#, &"{[".repeat(100)].concat().as_bytes());
    });
    Nested 600 "A value that nests 99 levels deep." By(|line| line.nest(99));
    TextLong 20 "A text of 300,000 bytes." By(|line| line.long_text());

    // Links and HTML.
    PlainUrls 4_000 "Text without any tag, with bare addresses." Content(&[
        "see https://{}/a, http://{}/b). and HTTPS://{}/C!",
        r#"(https://{}/x_(y)) *https://{}/bold* "https://{}/q" 'http://{}'"#,
        "http://{} https:// http://. https://{}:8443/p?q=1&r=2#f;",
        "xhttp://{}/a https://{}/b\u{3000}https://{}/c\thttp://{}/d…",
        "https://пример.example/путь、 https://{}/終わり。 http://user@{}/x]}_",
    ]);
    MarkedUrls 2_000 "Tags, but no `a`, with bare addresses." Content(&[
        "<p>look https://{}/a<br>https://{}/b?x=1&amp;y=2</p><p>https://{}/c.</p>",
        "<p>https://{}/cut<b>here</b> &lt;https://{}/d&gt; http&#58;//{}/e</p>",
        "<abbr>https://{}/abbr</abbr><script>https://{}/script</script>",
        r#"<!-- https://{}/comment --><p title="https://{}/title">https://{}/text</p>"#,
    ]);
    HtmlComment 800 "Comments with links, and what only looks like a comment." Content(&[
        r#"<!-- <a href="https://hidden.example/">no</a> --><a href="https://{}/seen">yes</a>"#,
        r#"<!--><a href="https://{}/1">yes</a>--><!---><a href="https://{}/2">yes</a>"#,
        r#"<!-- --!><a href="https://{}/3">yes</a><!-- <!-- <a href="https://{}/4">no</a>"#,
        r#"<!doctype html><a href="https://{}/5">yes</a><?php <a href="https://{}/6">?>"#,
        r#"<![CDATA[<a href="https://{}/7">x</a>]]></ <a href="https://{}/8">x</a>"#,
    ]);
    HtmlUnquoted 800 "Attributes without quotes, with single ones, with white space around." Content(&[
        "<a href=https://{}/x>u</a> <a class=mention href=https://{}/@m>m</a>",
        "<a\n\thref\n=\n\"https://{}/x\"\n>w</a>",
        r#"<a href='https://{}/x?a="b"'>s</a><a href=https://{}/a'b"c=d>s</a><a href=https://{}/x/>w</a>"#,
        r#"<a/href="https://{}/x"/>s</a><a href="https://{}/1"class="mention">s</a>"#,
    ]);
    HtmlAttributeTwice 600 "The same attribute twice." Content(&[
        r#"<a HREF="https://{}/first" class="x" href="https://{}/second" class="mention">x</a>"#,
        r#"<a class="mention" href="https://{}/" class="">x</a><a href href="https://{}/">x</a>"#,
    ]);
    HtmlReference 1_000 "Character references in an address." Content(&[
        r#"<a href="https&#58;//{}/?a=1&amp;b=2">x</a><a href="&#x68;ttps&colon;&sol;&sol;{}/x">x</a>"#,
        r#"<a href="https://{}/?a&copy=1&ampb&amp">x</a><a href=https://{}/&quot;&nosuch;>x</a>"#,
        r#"<a href="https://{}/&#0;&#x110000;&#128;&#xd83d;&#;">x</a>"#,
        r#"<a href="https://{}&period;test/" class="men&#116;ion">x</a>"#,
    ]);
    HtmlRawText 1_500 "`<a` in script, style, textarea and the like, where it is text." Content(&[
        r#"<script>let x = '<a href="https://script.example/">';</script><a href="https://{}/">x</a>"#,
        r#"<style><a href="https://style.example/"></style ><a href="https://{}/">x</a>"#,
        r#"<textarea><a href="https://textarea.example/"></textarea><title><a href="https://{}/"></title>"#,
        r#"<xmp><a href="https://xmp.example/"></xmp><iframe><a href="https://{}/"></iframe>"#,
        r#"<noembed><a href="https://x.example/"></noembed><noframes><a href="https://{}/"></noframes>"#,
        r#"<noscript><a href="https://{}/">x</a></noscript><svg><a href="https://{}/svg">x</a></svg>"#,
        r#"<script><!--<script></script><a href="https://no.example/">--></script><a href="https://{}/">x</a>"#,
        r#"<a href="https://{}/">x</a><plaintext><a href="https://plain.example/">"#,
        r#"<script/><a href="https://{}/">x</scr</script x><a href="https://{}/">x</a>"#,
    ]);
    HtmlCapitals 600 "Tags and attributes in capitals." Content(&[
        r#"<A HREF="HTTPS://{}/UP">UP</A><A CLASS="U-URL MENTION" HREF="https://{}/@X">X</A><a Href=https://{}/>x</a>"#,
        r#"<SCRIPT><a href="https://script.example/"></Script><A hreF=https://{}/>x</a>"#,
    ]);
    HtmlBroken 1_500 "Tags that don't end, or that are no tags." Content(&[
        r#"<a href="https://{}/1">x</a><a href="https://{}/open"#,
        r#"<a href="https://{}/1">x</a><a href=https://{}/end"#,
        r#"</a href="https://{}/end">< a href="https://{}/space"><abbr href="https://{}/abbr">x</abbr>"#,
        r#"<a>none</a><a href>none</a><a href="">empty</a><a data-href="https://{}/d">none</a>"#,
        r#"<<a href="https://{}/twice">></a><a href="https://{}/" "junk" = odd <b>x</a>"#,
        "<ahref=\"https://{}/\"><a\u{b}href=\"https://{}/\"><a\0 href=\"https://{}/\">",
    ]);
    HtmlMention 1_000 "Mentions known by a class, and what only looks like one." Content(&[
        r#"<a class="u-url mention" href="https://{}/@who">@who</a> <a href="https://{}/">x</a>"#,
        r#"<a class="MENTION" href="https://{}/@who">@who</a> <a class="mentions" href="https://{}/">x</a>"#,
        "<a class=\"u-url\n mention\t\" href=\"https://{}/@who\">@who</a>",
        "<a class=\"u-url\u{a0}mention\" href=\"https://{}/\">x</a>",
    ]);
    HtmlHashtag 1_000 "Hashtags known by a class or by `rel`, and what only looks like one." Content(&[
        r#"<a href="https://{}/tags/x" rel="tag">#x</a> <a href="https://{}/tag/y" class="hashtag">#y</a>"#,
        r#"<a href="https://{}/tags/x" rel="nofollow TAG">#x</a> <a rel="tags" href="https://{}/">x</a>"#,
        r#"<a href="https://{}/tags/x" class="Hashtag" rel="me">#x</a><a id="tag" href="https://{}/">x</a>"#,
    ]);
    HostUnicode 1_500 "Hosts in other letters than ASCII, as they are and as punycode." Content(&[
        r#"<a href="https://bücher.example/x">x</a><a href="https://xn--bcher-kva.example/y">x</a>"#,
        r#"<a href="https://例え.example/">x</a><a href="https://例え。test/">x</a><a href="https://מבחן.test/">x</a>"#,
        r#"<a href="https://BÜCHER.EXAMPLE/">x</a><a href="https://faß.example/">x</a>"#,
        r#"<a href="https://مثال.example/">x</a>"#,
        r#"<a href="https://b%C3%BCcher.example/">x</a><a href="https://🦣.example/">x</a>"#,
        r#"<a href="https://xn--zz-zzzz.example/">x</a><a href="https://ａｂｃ.{}/">x</a>"#,
    ]);
    HostPort 1_500 "Hosts with a port." Content(&[
        r#"<a href="https://{}:8443/x">x</a><a href="http://{}:3000">x</a><a href="http://{}:80/">x</a>"#,
        r#"<a href="https://{}:/">x</a><a href="https://{}:00443/">x</a><a href="http://{}:99999/">x</a>"#,
    ]);
    HostUser 600 "A user and password before the host." Content(&[
        r#"<a href="https://user:secret@{}/">x</a>"#,
        r#"<a href="https://{}@evil.example/">x</a><a href="https://a@b@{}/">x</a>"#,
    ]);
    HostIpv4 800 "IPv4 hosts, in decimal, hexadecimal and as one number." Content(&[
        r#"<a href="http://192.0.2.7/">x</a><a href="http://192.0.2.7:8080/">x</a><a href="http://192.0.513/">x</a>"#,
        r#"<a href="http://0xC0.0.2.1/">x</a><a href="http://3221225985/">x</a><a href="http://0300.0.02.1./">x</a>"#,
        r#"<a href="http://999.1.1.1/">x</a><a href="http://1.2.3.4.5/">x</a>"#,
    ]);
    HostIpv6 800 "IPv6 hosts." Content(&[
        r#"<a href="http://[2001:db8::1]:8080/">x</a><a href="http://[::ffff:192.0.2.1]/">x</a>"#,
        r#"<a href="http://[2001:DB8:0:0::1]/">x</a><a href="http://[fe80::1%25eth0]/">x</a>"#,
        r#"<a href="http://2001:db8::1/">x</a>"#,
    ]);
    HostDots 600 "Dots at an end of the host." Content(&[
        r#"<a href="https://{}./x">x</a><a href="https://{}../x">x</a>"#,
        r#"<a href="https://.{}/">x</a><a href="https://{}.:443/">x</a><a href="https://./">x</a>"#,
    ]);
    HostCapitals 600 "Hosts and schemes in capitals." Content(&[
        r#"<a href="HTTPS://WWW.{}/">x</a><a href="hTTp://{}/">x</a>"#, r#"<a href="https://News.{}/A">x</a>"#,
    ]);
    UrlSpaces 800 "White space in and around addresses." Content(&[
        "<a href=\" https://{}/x \">x</a><a href=\"\n\thttps://{}/y\n\">x</a><a href=\"\u{a0}https://{}/\">x</a>",
        "<a href=\"https://{}/a\nb c\">x</a><a href=\"ht\ntps://{}/\">x</a><a href=\"\u{1}https:/\t/{}/\u{1f}\">x</a>",
    ]);
    UrlBroken 1_500 "Addresses that are broken, or relative." Content(&[
        r#"<a href="http://">x</a><a href="https://[2001:db8::1/">x</a><a href="{}/x">x</a>"#,
        r#"<a href="https://bad host.{}/">x</a><a href="https://{}:port/">x</a><a href="http://a<b.{}/">x</a>"#,
        r##"<a href="//{}/x">x</a><a href="/local/path">x</a><a href="#top">x</a><a href="?q">x</a>"##,
        r#"<a href="https:{}">x</a><a href="https:///{}/x">x</a><a href="https:\\{}\x">x</a>"#,
        r#"<a href="http://%zz.{}/">x</a><a href="ht!tp://{}/">x</a><a href="https://{}\@x.example/">x</a>"#,
    ]);
    UrlScheme 1_000 "Addresses of other schemes than http and https." Content(&[
        r#"<a href="mailto:miller@{}">x</a><a href="tel:+15550100">x</a><a href="https">x</a>"#,
        r#"<a href="ftp://{}/f">x</a><a href="gemini://{}/">x</a><a href="httpx://{}/">x</a>"#,
        r#"<a href="javascript:alert('https://{}/')">x</a><a href="data:text/html,<a href='https://{}/'>">x</a>"#,
    ]);

    // Lines that are no posts only by a look around, and the bad ones, which must stay the last of the table.
    LineEmpty 600 "An empty line before the post." Before(|line| line.out.push(b'\n'));
    LineBlank 600 "A line of spaces and tabs before the post." Before(|line| line.out.extend_from_slice(b"  \t \n"));
    LineCrLf 3_000 "CR and LF at the line's end." By(|line| line.out.push(b'\r'));
    LineCut 500 "An object that ends too early: bad." By(|line| line.cut());
    LineNoObject 500 "JSON, but no object: bad." Replace(&["null", "42", r#""text""#, "[1,2]", "true"]);
    LineNoJson 500 "No JSON at all: bad."
        Replace(&["<html>502 Bad Gateway</html>", "event: update", "{'id': '1'}", r#"{"id":"1",}"#, "}", "\0\0\0\0"]);
    LineDeep 400 "Nested deeper than 128 levels: bad."
        By(|line| { let levels = line.random.pick(&[130, 200, 2000, 30_000]); line.nest(levels); });
    LineError 200 "An object that is no status: bad." Replace(&["{}", r#"{"error":"Too many requests"}"#]);
    IdMissing 500 "No usable id: bad." Set("id", &["", "null", r#""""#, "true", "{}", "[1]", "1.5", "1e17"]);
    DateMissing 700 "No usable date of creation: bad."
        Set("created_at", &["", "null", r#""""#, "1700000000", r#""yesterday""#, r#""2026-13-01T00:00:00Z""#, "{}"]);
}

/// Surrogates without the other half, or with the halves the wrong way round.
const SURROGATES: &[&str] =
    &[r"\ud83d", r"\uDE00", r"\ude00\ud83d", r"\ud83d\ud83d\ude00", r"\ud83d\u0041", r"\uD83D\n"];

/// Bytes that are no UTF-8: never valid, cut, an encoded surrogate, overlong, Latin-1, beyond Unicode.
const INVALID: &[&[u8]] =
    &[b"\xff\xfe", b"\xf0\x9f\x98", b"\xe3\x81", b"\xed\xa0\xbd", b"\xc0\xaf", b"\xe9 ", b"\xf5\x80\x80\x80"];

/// Members that come twice: where, the name, and what the first of them holds.
const TWICE: &[(&str, &str, &str)] = &[
    ("id", "id", r#""1""#),
    ("created_at", "created_at", r#""2001-01-01T00:00:00.000Z""#),
    ("language", "language", r#""zz""#),
    ("favourites_count", "favourites_count", "99"),
    ("content", "content", r#""<a href=\"https://lost.example/\">x</a>""#),
    ("account", "account", r#"{"id":"1","created_at":"2001-01-01","followers_count":1}"#),
    ("account.followers_count", "followers_count", "1000000"),
    ("tags", "tags", r#"[{"name":"lost"}]"#),
    ("media_attachments", "media_attachments", "[{}]"),
];

impl Oddity {
    /// In how many of a million posts it occurs.
    pub fn share(self) -> u32 {
        SHARES[self as usize]
    }

    /// What it is, in a sentence.
    pub fn meaning(self) -> &'static str {
        MEANINGS[self as usize]
    }

    /// Whether the post's line must be counted as bad: it is no object, nests too deep, or has no usable `id` or
    /// `created_at`.
    pub fn is_bad(self) -> bool {
        self >= Self::LineCut
    }

    /// What it does to a line.
    pub(crate) fn edit(self) -> &'static Edit {
        &EDITS[self as usize]
    }

    /// One of them or none, as often as the shares say.
    pub(crate) fn pick(random: &mut Random) -> Option<Self> {
        const ENDS: [u32; Oddity::ALL.len()] = {
            let mut ends = SHARES;
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
