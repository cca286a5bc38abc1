//! The examples of RFC 9309, and the cases that the tests of Google's reader and of `texting_robots` have in common.

use super::*;

/// Fails unless an agent may, or may not, fetch the paths, each of which begins with `+` or `-`.
fn assert_verdicts(text: impl AsRef<[u8]>, agent: &str, paths: &[&str]) {
    let text = text.as_ref();
    let robots = Robots::parse(text, agent);
    for path in paths {
        let (expected, path) = path.split_at(1);
        let url = Url::parse(&format!("https://foo.example{path}")).unwrap();
        let said = robots.verdict(&url);
        let text = String::from_utf8_lossy(text);
        assert_eq!(said.allowed, expected == "+", "{agent}, {path}, {said:?}, by\n{text}");
    }
}

/// The same for rules that are for all.
fn assert_rules(rules: &str, paths: &[&str]) {
    assert_verdicts(format!("user-agent: *\n{rules}"), "FooBot", paths);
}

#[test]
fn groups_of_one_product_are_one_group() {
    let text = "user-agent: ExampleBot\ndisallow: /foo\ndisallow: /bar\n\nuser-agent: ExampleBot\ndisallow: /baz\n";
    assert_verdicts(text, "ExampleBot", &["-/foo", "-/bar", "-/baz", "+/qux"]);
    assert_verdicts(text, "OtherBot", &["+/foo", "+/baz"]);
}

#[test]
fn the_group_for_all_is_for_those_without_one_of_their_own() {
    let text = "user-agent: *\ndisallow: /foo\ndisallow: /bar\n\nuser-agent: BazBot\ndisallow: /baz\n";
    assert_verdicts(text, "ExampleBot", &["-/foo", "-/bar", "+/baz"]);
    assert_verdicts(text, "BazBot", &["+/foo", "-/baz"]);
    let text = "user-agent: FooBot\nallow: /\nuser-agent: BarBot\ndisallow: /\nuser-agent: BazBot\ndisallow: /\n";
    assert_verdicts(text, "QuxBot", &["+/x/y"]);
    assert_verdicts("", "QuxBot", &["+/", "+/x/y"]);
}

#[test]
fn escapes_are_compared_as_octets() {
    assert_rules("disallow: /\nallow: /foo/bar?baz=quz", &["+/foo/bar?baz=quz", "-/foo/bar?baz=qux"]);
    for rule in ["/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar"] {
        let urls = ["+/foo/bar?baz=https://foo.bar", "+/foo/bar?baz=https%3A%2F%2Ffoo.bar", "-/foo/bar?baz=http:"];
        assert_rules(&format!("disallow: /\nallow: {rule}"), &urls);
    }
    for rule in ["/foo/bar/ツ", "/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"] {
        assert_rules(&format!("disallow: /\nallow: {rule}"), &["+/foo/bar/ツ", "+/foo/bar/%E3%83%84", "-/foo/bar/%E3"]);
    }
    // Google's reader takes the escape as it stands; the RFC says what is here.
    for rule in ["/foo/bar/%62%61%7A", "/foo/bar/baz"] {
        assert_rules(&format!("disallow: /\nallow: {rule}"), &["+/foo/bar/baz", "+/foo/bar/%62%61%7a", "-/foo/bar/x"]);
    }
    // An escaped slash is another path.
    assert_rules("disallow: /a%2Fb", &["-/a%2fb", "+/a/b"]);
    assert_rules("disallow: /100%", &["-/100%", "-/100%25"]);
    assert_rules(
        "allow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par\ndisallow: /",
        &["+/foo/bar?qux=taz&baz=http://foo.bar?tar&par"],
    );
}

#[test]
fn special_characters() {
    assert_rules("disallow: /\nallow: /x # comment in line\n# allow: /y", &["+/x", "-/y"]);
    assert_rules("disallow: /\nallow: /this/path/exactly$", &["+/this/path/exactly", "-/this/path/exactly/"]);
    assert_rules(
        "disallow: /\nallow: /this/*/exactly",
        &["+/this/path/exactly", "+/this/a/b/exactly/x", "-/this/exactly"],
    );
    assert_rules("disallow: /path/file-with-a-%2A.html", &["-/path/file-with-a-*.html", "+/path/file-with-a-b.html"]);
    assert_rules("disallow: /path/foo-%24", &["-/path/foo-$", "-/path/foo-$x", "+/path/foo-"]);
    assert_rules(
        "disallow: /foo/bar$\nallow: /foo/bar/qux",
        &["-/foo/bar", "+/foo/bar/qux", "+/foo/bar/", "+/foo/bar/baz"],
    );
    assert_rules(
        "disallow: /foo/bar/quz\nallow: /foo/*/qux",
        &["-/foo/bar/quz", "+/foo/quz", "+/foo//quz", "+/foo/bax/quz"],
    );
    assert_rules("disallow: /foo/quz#qux\nallow: /", &["+/foo/bar", "-/foo/quz"]);
    assert_rules("disallow: /a$b", &["-/a$b", "+/a"]);
    // It is no regular expression.
    assert_rules("disallow: /\nallow: /(Cat|Dog).html", &["+/(Cat|Dog).html", "-/Cat.html"]);
}

#[test]
fn the_simple_example_of_the_rfc() {
    let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n\
                User-Agent: quxbot\n\n";
    assert_verdicts(text, "anybot", &["-/a.gif", "-/x/y.gif", "+/a.gif?", "-/example/", "+/publications/x", "+/other"]);
    assert_verdicts(text, "anybot", &["+/a.gifs", "+/publications/a.gifs"]);
    assert_verdicts(
        text,
        "foobot",
        &["-/", "+/example/page.html", "+/example/allowed.gif", "-/example/", "-/publications/"],
    );
    for agent in ["barbot", "bazbot"] {
        assert_verdicts(text, agent, &["-/example/page.html", "+/example/", "+/a.gif"]);
    }
    assert_verdicts(text, "quxbot", &["+/example/page.html", "+/a.gif", "+/"]);
}

#[test]
fn the_longest_rule_counts() {
    let text = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
    assert_verdicts(
        text,
        "foobot",
        &["-/example/page/disallowed.gif", "+/example/page/", "+/example/page/allowed.gif"],
    );
    assert_rules("disallow: /x/page.html\nallow: /x/", &["-/x/page.html"]);
    assert_rules("allow: /x/page.html\ndisallow: /x/", &["+/x/page.html", "-/x/"]);
    assert_rules("disallow: \nallow: ", &["+/x/page.html"]);
    assert_rules("disallow: /\nallow: /", &["+/x/page.html"]);
    assert_rules("disallow: /x\nallow: /x/", &["-/x", "+/x/"]);
    assert_rules("disallow: /x/page.html\nallow: /x/page.html", &["+/x/page.html"]);
    assert_rules("allow: /page\ndisallow: /*.html", &["-/page.html", "+/page"]);
    assert_rules("allow: /x/page.\ndisallow: /*.html", &["+/x/page.html", "-/x/y.html"]);
    assert_rules("allow: /p\ndisallow: /", &["+/page"]);
    assert_rules("allow: /folder\ndisallow: /folder", &["+/folder/page"]);
    assert_rules("allow: /page\ndisallow: /*.htm", &["-/page.htm"]);
    assert_rules("allow: /$\ndisallow: /", &["+/", "-/page.html"]);
    let text = "User-agent: *\nDisallow: /x/\nUser-agent: FooBot\nDisallow: /y/\n";
    assert_verdicts(text, "FooBot", &["+/x/page", "-/y/page"]);
}

#[test]
fn paths_of_googles_page() {
    for rule in ["/fish", "/fish*"] {
        assert_rules(
            &format!("disallow: /\nallow: {rule}"),
            &[
                "-/bar",
                "+/fish",
                "+/fish.html",
                "+/fish/salmon.html",
                "+/fishheads",
                "+/fishheads/yummy.html",
                "+/fish.html?id=anything",
                "-/Fish.asp",
                "-/catfish",
                "-/?id=fish",
            ],
        );
    }
    assert_rules(
        "disallow: /\nallow: /fish/",
        &[
            "-/bar",
            "+/fish/",
            "+/fish/salmon",
            "+/fish/?salmon",
            "+/fish/salmon.html",
            "+/fish/?id=anything",
            "-/fish",
            "-/fish.html",
            "-/Fish/Salmon.html",
        ],
    );
    assert_rules(
        "disallow: /\nallow: /*.php",
        &[
            "-/bar",
            "+/filename.php",
            "+/folder/filename.php",
            "+/folder/filename.php?parameters",
            "+//folder/any.php.file.html",
            "+/filename.php/",
            "+/index?f=filename.php/",
            "-/php/",
            "-/index?php",
            "-/windows.PHP",
        ],
    );
    assert_rules(
        "disallow: /\nallow: /*.php$",
        &[
            "-/bar",
            "+/filename.php",
            "+/folder/filename.php",
            "-/filename.php?parameters",
            "-/filename.php/",
            "-/filename.php5",
            "-/php/",
            "-/filename?php",
            "-/aaaphpaaa",
            "-//windows.PHP",
        ],
    );
    assert_rules(
        "disallow: /\nallow: /fish*.php",
        &["-/bar", "+/fish.php", "+/fishheads/catfish.php?parameters", "-/Fish.PHP"],
    );
}

#[test]
fn stars_in_strange_places() {
    for star in ["*", "****"] {
        let rules = format!("disallow: /\nallow: {star}/cats\nallow: */kangaroos");
        assert_rules(
            &rules,
            &[
                "-/kangaroo/zebra/cat/page.html",
                "+/cats.html",
                "+/get/more/cats/page.html",
                "+/kangaroosandkoalas/page.html",
            ],
        );
    }
    assert_rules("disallow: */test", &["-/test", "-/test/", "-/foo/test", "+/foo"]);
    assert_rules("disallow: *", &["-/", "-/a"]);
    assert_rules(
        "allow: /ocean\ndisallow: /tooth$\ndisallow: /fish*$",
        &["+/ocean", "-/fish", "+/shark/tooth", "-/tooth", "+/toothy", "+/shark/fish", "-/fish/fins", "-/fishy"],
    );
    assert_rules("disallow: /\ndisallow: /*/about\nallow: /about$", &["+/about", "-/about/"]);
    assert_rules(
        "disallow: /basket*\ndisallow: /*?*********************donotindex=1*",
        &["-/basket/ball", "+/example/file?xyz=42", "-/example/file?xyz=42&donotindex=1"],
    );
    assert_rules("disallow: /a*b*a$", &["-/aba", "-/axbya", "-/abab-a", "+/ab", "+/abac"]);
    assert_rules("disallow: *$", &["-/", "-/x?y"]);
}

#[test]
fn lines_outside_of_groups_are_passed_over() {
    let text = "allow: /foo/bar/\n\nuser-agent: FooBot\ndisallow: /\nallow: /x/\nuser-agent: BarBot\ndisallow: /\n\
                allow: /y/\n\n\nallow: /w/\nuser-agent: BazBot\n\nuser-agent: FooBot\nallow: /z/\ndisallow: /\n";
    assert_verdicts(text, "FooBot", &["+/x/b", "+/z/d", "-/y/c", "-/foo/bar/"]);
    assert_verdicts(text, "BarBot", &["+/y/c", "+/w/a", "-/z/d", "-/foo/bar/"]);
    assert_verdicts(text, "BazBot", &["+/z/d", "-/foo/bar/"]);
    assert_verdicts("disallow: /", "FooBot", &["+/"]);
}

#[test]
fn other_lines_end_no_group() {
    for other in ["Sitemap: https://foo.bar/sitemap", "Invalid-Unknown-Line: unknown", "Crawl-delay: 5", "???"] {
        let text = format!("User-agent: BarBot\n{other}\nUser-agent: *\nDisallow: /\n");
        for agent in ["FooBot", "BarBot"] {
            assert_verdicts(&text, agent, &["-/"]);
        }
    }
    assert_verdicts("foo: FooBot\nbar: /\n", "FooBot", &["+/"]);
}

#[test]
fn names_are_compared_without_case_and_paths_with_it() {
    for text in [
        "USER-AGENT: FOOBOT\nALLOW: /x/\nDISALLOW: /\n",
        "user-agent: foobot\nallow: /x/\ndisallow: /\n",
        "uSeR-aGeNt: FooBot/2.1\nAlLoW: /x/\ndIsAlLoW: /\n",
        "User-Agent: FOObot BAR\nAllow: /x/\nDisallow: /\n",
    ] {
        for agent in ["FooBot", "foobot"] {
            assert_verdicts(text, agent, &["+/x/y", "-/a/b"]);
        }
        assert_verdicts(text, "Foo", &["+/a/b"]);
        assert_verdicts(text, "FooBotBot", &["+/a/b"]);
    }
    assert_rules("disallow: /X/", &["+/x/y", "-/X/y"]);
    let text = "User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n";
    assert_verdicts(text, "Foo", &["+/x/y"]);
    assert_verdicts(text, "Other", &["-/x/y"]);
}

#[test]
fn what_people_get_wrong_is_forgiven() {
    assert_verdicts("user-agent FooBot\ndisallow /\n", "FooBot", &["-/x"]);
    for field in ["disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw", "DISALLOW "] {
        assert_rules(&format!("{field}: /a"), &["-/a", "+/b"]);
    }
    for field in ["user-agent", "useragent", "user agent", "User-Agent "] {
        assert_verdicts(format!("{field}: FooBot\ndisallow: /"), "FooBot", &["-/a"]);
    }
    assert_rules("disallow:/a\ndissallow/b\ndisallow    /c", &["-/a", "+/b", "-/c"]);
    assert_verdicts(
        "User-Agent: *\n\0\0Allow: /family\0\0\nDisallow: /family/photos\0\n",
        "FooBot",
        &["+/family", "-/family/photos"],
    );
    let mut text = b"User-agent: FooBot\nAllow: ".to_vec();
    text.extend(b"\x41\xc2\xc3\xb1\x42\nDisallow: /bob/");
    assert_verdicts(text, "FooBot", &["-/bob/"]);
}

#[test]
fn lines_end_in_every_way() {
    for end in ["\n", "\r\n", "\r", "\r\r\n", "\n\n"] {
        let text = ["", "User-Agent: foo", "Allow: /some/path", "User-Agent: bar", "", "", "Disallow: /"].join(end);
        assert_verdicts(&text, "foo", &["+/"]);
        assert_verdicts(&text, "bar", &["-/some/path"]);
    }
}

#[test]
fn marks_of_the_byte_order_are_passed_over_at_the_beginning() {
    for mark in [b"\xef\xbb\xbf".as_slice(), b"\xef\xbb", b"\xef", b""] {
        assert_verdicts([mark, b"User-Agent: foo\nDisallow: /\n"].concat(), "foo", &["-/"]);
    }
    assert_verdicts(b"\xef\x11\xbfUser-Agent: foo\nDisallow: /\n", "foo", &["+/"]);
    assert_verdicts(b"User-Agent: foo\n\xef\xbb\xbfDisallow: /\n", "foo", &["+/"]);
}

#[test]
fn the_example_of_the_first_draft() {
    let text = "# /robots.txt for http://www.fict.org/\n# comments to webmaster@fict.org\n\nUser-agent: unhipbot\n\
                Disallow: /\n\nUser-agent: webcrawler\nUser-agent: excite\nDisallow:\n\nUser-agent: *\n\
                Disallow: /org/plans.html\nAllow: /org/\nAllow: /serv\nAllow: /~mak\nDisallow: /\n";
    assert_verdicts(text, "unhipbot", &["-/", "-/server.html", "+/robots.txt"]);
    for agent in ["webcrawler", "excite"] {
        assert_verdicts(text, agent, &["+/", "+/org/plans.html", "+/%7Ejim/jim.html"]);
    }
    assert_verdicts(
        text,
        "anything",
        &[
            "+/robots.txt",
            "-/",
            "-/index.html",
            "+/server.html",
            "+/services/fast.html",
            "-/orgo.gif",
            "+/org/about.html",
            "-/org/plans.html",
            "-/%7Ejim/jim.html",
            "+/~mak/mak.html",
            "+/%7Emak/mak.html",
        ],
    );
}

#[test]
fn long_lines_and_many_stars_are_no_trouble() {
    let long = "A".repeat(500_000);
    assert_rules(&format!("disallow: /{long}"), &["+/"]);
    assert_rules(&format!("disallow: /{}b", "a*".repeat(100_000)), &["+/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]);
}

#[test]
fn the_rule_that_counts_is_told() {
    let robots = Robots::parse(b"user-agent: *\ndisallow:   /private/  # keep out\nallow: /private/a\x07*$", "kbsync");
    let rule = |path: &str| robots.verdict(&Url::parse("https://foo.example").unwrap().join(path).unwrap()).rule;
    assert_eq!(rule("/private/x").as_deref(), Some("Disallow: /private/"));
    assert_eq!(rule("/public"), None);
    assert_eq!(rule("/robots.txt"), None);
    let told = Robots::parse(b"user-agent: *\ndisallow: /a\x07b", "kbsync").rules[0].line();
    assert_eq!(told, "Disallow: /ab");
}

#[test]
fn the_product_is_what_a_user_agent_begins_with() {
    for (user_agent, product) in
        [("kbsync/1.0 (+https://example.com)", "kbsync"), ("kbsync-local", "kbsync-local"), ("", "")]
    {
        assert_eq!(product_token(user_agent), product);
    }
}

#[test]
fn utf16__with_its_mark__is_decoded() {
    let text = "\u{feff}User-agent: *\r\nDisallow: /private/\r\n";
    let units = || text.encode_utf16();
    let files: [Vec<u8>; 2] =
        [units().flat_map(u16::to_le_bytes).collect(), units().flat_map(u16::to_be_bytes).collect()];
    for file in files {
        assert_verdicts(file, "FooBot", &["-/private/a", "+/public"]);
    }
}
