//! Odd texts and values, by oddity; `{}` stands for a host.

use crate::Oddity;

/// The HTML or text that posts with the oddity have in their content, one of these each.
pub fn of(oddity: Oddity) -> &'static [&'static str] {
    match oddity {
        Oddity::PlainUrls => &[
            "see https://{}/a, http://{}/b). and HTTPS://{}/C!",
            "(https://{}/wiki/x_(y)) *https://{}/bold* \"https://{}/q\" 'http://{}'",
            "http://{} https:// http://. https://{}:8443/p?q=1&r=2#f;",
            "xhttps://{}/glued https://{}/a\u{3000}https://{}/b\thttp://{}/c\nhttps://{}/d…",
            "https://пример.example/путь、 https://{}/終わり。 http://user@{}/x]}_",
        ],
        Oddity::MarkedUrls => &[
            "<p>look https://{}/a<br>https://{}/b?x=1&amp;y=2</p><p>https://{}/c.</p>",
            "<p>https://{}/cut<b>here</b> &lt;https://{}/d&gt; http&#58;//{}/e</p>",
            "<abbr>https://{}/abbr</abbr><address>http://{}/address</address>",
            "<!-- https://{}/comment --><p title=\"https://{}/attribute\">https://{}/text</p>",
            "<script>https://{}/script</script> https://{}/after",
        ],
        Oddity::HtmlComment => &[
            "<!-- <a href=\"https://hidden.example/\">no</a> --><a href=\"https://{}/seen\">yes</a>",
            "<!--><a href=\"https://{}/1\">yes</a>--><!---><a href=\"https://{}/2\">yes</a>",
            "<!-- --!><a href=\"https://{}/3\">yes</a><!-- <!-- <a href=\"https://{}/4\">no</a>",
            "<!doctype html><a href=\"https://{}/5\">yes</a><?php <a href=\"https://{}/6\">?>",
            "<![CDATA[<a href=\"https://{}/7\">x</a>]]></ <a href=\"https://{}/8\">x</a>",
        ],
        Oddity::HtmlUnquoted => &[
            "<a href=https://{}/x>u</a> <a class=mention href=https://{}/@m>m</a>",
            "<a href='https://{}/x?a=\"b\"'>s</a><a href=https://{}/a'b\"c=d>s</a>",
            "<a\n\thref\n=\n\"https://{}/x\"\n>w</a><a href=https://{}/x/>w</a>",
            "<a/href=\"https://{}/x\"/>s</a><a href=\"https://{}/1\"class=\"mention\">s</a>",
        ],
        Oddity::HtmlAttributeTwice => &[
            "<a href=\"https://{}/first\" href=\"https://{}/second\">x</a>",
            "<a HREF=\"https://{}/first\" class=\"x\" href=\"https://{}/second\" class=\"mention\">x</a>",
            "<a class=\"mention\" href=\"https://{}/\" class=\"\">x</a><a href href=\"https://{}/\">x</a>",
        ],
        Oddity::HtmlReference => &[
            "<a href=\"https&#58;//{}/?a=1&amp;b=2\">x</a>",
            "<a href=\"&#104;ttps://{}/x\">x</a><a href=\"&#x68;ttps&colon;&sol;&sol;{}/x\">x</a>",
            "<a href=\"https://{}/?a&copy=1&ampb&amp\">x</a><a href=https://{}/&quot;&nosuch;>x</a>",
            "<a href=\"https://{}/&#0;&#x110000;&#128;&#xd83d;&#;\">x</a>",
            "<a href=\"https://{}&period;example/\" class=\"men&#116;ion\">x</a>",
        ],
        Oddity::HtmlRawText => &[
            "<script>let x = '<a href=\"https://script.example/\">';</script><a href=\"https://{}/\">x</a>",
            "<style><a href=\"https://style.example/\"></style ><a href=\"https://{}/\">x</a>",
            "<textarea><a href=\"https://textarea.example/\"></textarea><title><a href=\"https://{}/\"></title>",
            "<xmp><a href=\"https://xmp.example/\"></xmp><iframe><a href=\"https://{}/\"></iframe>",
            "<noembed><a href=\"https://x.example/\"></noembed><noframes><a href=\"https://{}/\"></noframes>",
            "<noscript><a href=\"https://{}/noscript\">x</a></noscript><svg><a href=\"https://{}/svg\">x</a></svg>",
            "<script><!--<script></script><a href=\"https://no.example/\">--></script><a href=\"https://{}/\">x</a>",
            "<a href=\"https://{}/\">x</a><plaintext><a href=\"https://plain.example/\">",
            "<script/><a href=\"https://{}/\">x</scr</script x><a href=\"https://{}/\">x</a>",
        ],
        Oddity::HtmlCapitals => &[
            "<A HREF=\"HTTPS://{}/UP\">UP</A><P>X</P>",
            "<A CLASS=\"U-URL MENTION\" HREF=\"https://{}/@X\">X</A><a Href='https://{}/'>x</a>",
            "<SCRIPT><a href=\"https://script.example/\"></Script><A hreF=https://{}/>x</a>",
        ],
        Oddity::HtmlBroken => &[
            "<a href=\"https://{}/1\">x</a><a href=\"https://{}/open",
            "<a href=\"https://{}/1\">x</a><a href=https://{}/end",
            "</a href=\"https://{}/end\">< a href=\"https://{}/space\"><abbr href=\"https://{}/abbr\">x</abbr>",
            "<a>none</a><a href>none</a><a href=\"\">empty</a><a data-href=\"https://{}/d\">none</a>",
            "<<a href=\"https://{}/twice\">></a><a href=\"https://{}/\" \"junk\" = odd <b>x</a>",
            "<a href=\"https://{}/\">x<a href=\"https://{}/\">nested</p></a></div>",
            "<ahref=\"https://{}/\"><a\u{b}href=\"https://{}/\"><a\0 href=\"https://{}/\">",
        ],
        Oddity::HtmlMention => &[
            "<a class=\"u-url mention\" href=\"https://{}/@who\">@who</a> <a href=\"https://{}/\">x</a>",
            "<a class=\"MENTION\" href=\"https://{}/@who\">@who</a> <a class=\"mentions\" href=\"https://{}/\">x</a>",
            "<a class=\"u-url\n mention\t\" href=\"https://{}/@who\">@who</a>",
            "<a class=\"u-url\u{a0}mention\" href=\"https://{}/\">x</a><b class=\"mention\"><a href=\"https://{}/\">x</a></b>",
        ],
        Oddity::HtmlHashtag => &[
            "<a href=\"https://{}/tags/x\" rel=\"tag\">#x</a> <a href=\"https://{}/tag/y\" class=\"hashtag\">#y</a>",
            "<a href=\"https://{}/tags/x\" rel=\"nofollow TAG\">#x</a> <a rel=\"tags\" href=\"https://{}/\">x</a>",
            "<a href=\"https://{}/tags/x\" class=\"Hashtag\" rel=\"me\">#x</a><a id=\"tag\" href=\"https://{}/\">x</a>",
        ],
        Oddity::HostUnicode => &[
            "<a href=\"https://bücher.example/x\">x</a><a href=\"https://xn--bcher-kva.example/y\">x</a>",
            "<a href=\"https://例え.example/\">x</a><a href=\"https://例え。test/\">x</a>",
            "<a href=\"https://BÜCHER.EXAMPLE/\">x</a><a href=\"https://faß.example/\">x</a>",
            "<a href=\"https://مثال.example/\">x</a><a href=\"https://דוגמה.test/\">x</a>",
            "<a href=\"https://b%C3%BCcher.example/\">x</a><a href=\"https://🦣.example/\">x</a>",
            "<a href=\"https://xn--zz-zzzz.example/\">x</a><a href=\"https://ａｂｃ.{}/\">x</a>",
        ],
        Oddity::HostPort => &[
            "<a href=\"https://{}:8443/x\">x</a><a href=\"http://{}:3000\">x</a>",
            "<a href=\"http://{}:80/\">x</a><a href=\"https://{}:443/\">x</a>",
            "<a href=\"https://{}:/\">x</a><a href=\"https://{}:00443/\">x</a><a href=\"http://{}:99999/\">x</a>",
        ],
        Oddity::HostUser => &[
            "<a href=\"https://user:secret@{}/\">x</a>",
            "<a href=\"https://{}@evil.example/\">x</a><a href=\"https://a@b@{}/\">x</a>",
        ],
        Oddity::HostIpv4 => &[
            "<a href=\"http://192.0.2.7/\">x</a><a href=\"http://192.0.2.7:8080/\">x</a>",
            "<a href=\"http://0xC0.0.2.1/\">x</a><a href=\"http://3221225985/\">x</a>",
            "<a href=\"http://0300.0.02.1./\">x</a><a href=\"http://192.0.513/\">x</a>",
            "<a href=\"http://999.1.1.1/\">x</a><a href=\"http://1.2.3.4.5/\">x</a>",
        ],
        Oddity::HostIpv6 => &[
            "<a href=\"http://[2001:db8::1]:8080/\">x</a>",
            "<a href=\"http://[2001:DB8:0:0::1]/\">x</a><a href=\"http://[::ffff:192.0.2.1]/\">x</a>",
            "<a href=\"http://[fe80::1%25eth0]/\">x</a><a href=\"http://2001:db8::1/\">x</a>",
        ],
        Oddity::HostDots => &[
            "<a href=\"https://{}./x\">x</a><a href=\"https://{}../x\">x</a>",
            "<a href=\"https://.{}/\">x</a><a href=\"https://{}.:443/\">x</a><a href=\"https://./\">x</a>",
        ],
        Oddity::HostCapitals => &[
            "<a href=\"HTTPS://WWW.{}/\">x</a><a href=\"hTTp://{}/\">x</a>",
            "<a href=\"https://News.{}/A\">x</a><a href=\"https://news.{}/a\">x</a>",
        ],
        Oddity::UrlSpaces => &[
            "<a href=\" https://{}/x \">x</a><a href=\"\n\thttps://{}/y\n\">x</a>",
            "<a href=\"https://{}/a\nb\">x</a><a href=\"ht\ntps://{}/\">x</a><a href=\"https:/\t/{}/\">x</a>",
            "<a href=\"https://{}/a b c\">x</a><a href=\"\u{1}https://{}/\u{1f}\">x</a><a href=\"\u{a0}https://{}/\">x</a>",
        ],
        Oddity::UrlBroken => &[
            "<a href=\"http://\">x</a><a href=\"https://[2001:db8::1/\">x</a>",
            "<a href=\"https://bad host.{}/\">x</a><a href=\"https://{}:port/\">x</a>",
            "<a href=\"//{}/x\">x</a><a href=\"/local/path\">x</a><a href=\"#top\">x</a><a href=\"?q\">x</a>",
            "<a href=\"https:{}\">x</a><a href=\"https:///{}/x\">x</a><a href=\"https:\\\\{}\\x\">x</a>",
            "<a href=\"http://%zz.{}/\">x</a><a href=\"http://a<b.{}/\">x</a><a href=\"ht!tp://{}/\">x</a>",
            "<a href=\"https://{}/“quoted”\">x</a><a href=\"https://{}\\@x.example/\">x</a><a href=\"{}/x\">x</a>",
        ],
        Oddity::UrlScheme => &[
            "<a href=\"mailto:miller@{}\">x</a><a href=\"tel:+15550100\">x</a>",
            "<a href=\"ftp://{}/f\">x</a><a href=\"gemini://{}/\">x</a><a href=\"httpx://{}/\">x</a>",
            "<a href=\"javascript:alert('https://{}/')\">x</a><a href=\"data:text/html,<a href='https://{}/'>\">x</a>",
            "<a href=\"xmpp:miller@{}\">x</a><a href=\"web+ap://{}/@x\">x</a><a href=\"https\">x</a>",
        ],
        _ => &[],
    }
}

/// Optional members and values of a type that they should not have.
pub const WRONG: &[(&[&str], &str)] = &[
    (&["language"], "7"),
    (&["content"], "null"),
    (&["content"], r#"["<a href=\"https://lost.example/\">x</a>"]"#),
    (&["tags"], "null"),
    (&["tags"], r#"{"name":"lost"}"#),
    (&["tags"], r#"[null,7,{"name":null},{"name":"kept"},{"url":"https://lost.example/"}]"#),
    (&["tags", "emojis"], "5"),
    (&["tags", "emojis"], r#"[{"shortcode":7},"kept",[]]"#),
    (&["media_attachments"], r#""none""#),
    (&["media_attachments"], "null"),
    (&["favourites_count"], r#""12""#),
    (&["favourites_count"], "1.5"),
    (&["reblogs_count"], "[]"),
    (&["replies_count"], "true"),
    (&["account"], r#""nobody""#),
    (&["account"], "[1]"),
    (&["account", "bot"], r#""yes""#),
    (&["account", "followers_count"], r#""many""#),
    (&["edited_at"], "1700000000"),
    (&["edited_at"], r#""soon""#),
    (&["mentions"], r#""all""#),
];

/// Names that come twice, and what the first of them holds.
pub const TWICE: &[(&[&str], &str)] = &[
    (&["id"], "\"1\""),
    (&["created_at"], "\"2001-01-01T00:00:00.000Z\""),
    (&["language"], "\"zz\""),
    (&["favourites_count"], "99"),
    (&["content"], r#""<a href=\"https://lost.example/\">x</a>""#),
    (&["account"], r#"{"id":"1","created_at":"2001-01-01","followers_count":1}"#),
    (&["account", "followers_count"], "1000000"),
    (&["tags"], r#"[{"name":"lost"}]"#),
    (&["media_attachments"], "[{}]"),
];

/// Bytes that are no UTF-8: never valid, cut, an encoded surrogate, overlong, Latin-1, beyond Unicode.
pub const INVALID: &[&[u8]] = &[
    b"\xff\xfe",
    b"\xf0\x9f\x98",
    b"\xe3\x81",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xc0\xaf",
    b"caf\xe9 ",
    b"\xf5\x80\x80\x80",
    b"\x80\xbf\x80",
];

/// Surrogates without the other half, or with the halves the wrong way round.
pub const SURROGATES: &[&str] =
    &[r"\ud83d", r"\uDE00", r"\ude00\ud83d", r"\ud83d\ud83d\ude00", r"\ud83d\u0041", r"\uD83D\n"];

/// Words in capitals, whose small letters may be longer, shorter or depend on their neighbours.
pub const CAPITALS: &[&str] = &[
    "MILL",
    "GRÜNKERN",
    "STRAẞE",
    "İSTANBUL",
    "ISPARTA",
    "ΟΔΥΣΣΕΥΣ",
    "ΣΑΣ",
    "ДИПЛОМ",
    "ＷＩＤＥ",
    "ǄUNGLA",
    "ԵՐԵՒԱՆ",
    "ᲛᲔᲚᲘ",
    "KELVIN",
    "ÅNGSTRÖM",
    "DŽEM",
    "ⅣⅤ",
    "𐐀𐐁",
    "ꭰ",
];

/// Words in many scripts, the same twice in different case where the script has any.
pub const SCRIPTS: &[&str] = &[
    "水車小屋",
    "طاحونة",
    "טחנה",
    "мельница",
    "Мельница",
    "μύλος",
    "ΜΎΛΟΣ",
    "चक्की",
    "โรงสี",
    "방앗간",
    "磨坊",
    "წისქვილი",
    "🦣",
    "🏳️‍🌈",
    "x_1",
    "e\u{301}te\u{301}",
    "été",
    "ａｂｃ",
];
