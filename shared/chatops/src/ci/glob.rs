//! Names of files against patterns: Ruby's `File.fnmatch?` as `rules:exists` asks it, and the wildcards of `include:local`.
//!
//! Not here: which files there are.

/// How many alternatives `{a,b}` may make of one pattern, so that `{a,b}{a,b}...` stays harmless.
const ALTERNATIVES_MAX: usize = 1024;

/// `File.fnmatch?(pattern, path, FNM_PATHNAME | FNM_DOTMATCH | FNM_EXTGLOB)`.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let path: Vec<&str> = path.split('/').collect();
    alternatives(pattern).iter().any(|pattern| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        segments(&pattern, &path)
    })
}

/// The wildcards of `include:local`: `**` is anything, `*` anything within a folder, the rest is literal.
pub(crate) fn matches_include(pattern: &str, path: &str) -> bool {
    let anything = regex::escape(pattern).replace(r"\*\*", "(?s:.*?)").replace(r"\*", "[^/]*?");
    regex::Regex::new(&format!("^{anything}$")).is_ok_and(|regex| regex.is_match(path))
}

/// What `{a,b}` stands for, in all combinations.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        if done.len() + open.len() > ALTERNATIVES_MAX {
            return vec![];
        }
        let Some((start, end)) = braces(&pattern) else {
            // Ruby matches nothing with a brace that nobody closes.
            if !opens(&pattern) {
                done.push(pattern);
            }
            continue;
        };
        for choice in choices(&pattern[start + 1..end]) {
            open.push(format!("{}{choice}{}", &pattern[..start], &pattern[end + 1..]));
        }
    }
    done
}

/// Where the first braces open and close.
fn braces(pattern: &str) -> Option<(usize, usize)> {
    let mut start = None;
    let mut depth = 0;
    let mut escaped = false;
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => {
                start = start.or(Some(at));
                depth += 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return start.map(|start| (start, at));
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a brace is opened at all.
fn opens(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let plain = !std::mem::take(&mut escaped);
        escaped = plain && c == '\\';
        plain && c == '{'
    })
}

/// What stands between the commas, but for those in inner braces.
fn choices(inner: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut from, mut depth) = (0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inner[from..]);
    found
}

/// Folder by folder; `**/` is any number of them. `reached[n]` says that the pattern so far takes `n` folders.
fn segments(pattern: &[&str], path: &[&str]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for (index, part) in pattern.iter().enumerate() {
        let deep = *part == "**" && index + 1 < pattern.len();
        let mut next = vec![false; path.len() + 1];
        for at in 0..=path.len() {
            let here = if deep {
                // The file itself is no folder to skip.
                reached[at] || (at > 0 && at < path.len() && next[at - 1])
            } else {
                at > 0 && reached[at - 1] && segment(part, path[at - 1])
            };
            next[at] = here;
        }
        reached = next;
    }
    reached[path.len()]
}

/// One name, with `*`, `?`, `[set]` and `\`: the last star is tried longer and longer, which is enough.
fn segment(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(length) = single(&pattern[p..], name[n]) {
            p += length;
            n += 1;
        } else if let Some((at, taken)) = star {
            p = at + 1;
            n = taken + 1;
            star = Some((at, n));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How much of the pattern stands for this character.
fn single(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => set(pattern, c),
        '\\' => (*pattern.get(1)? == c).then_some(2),
        literal => (*literal == c).then_some(1),
    }
}

fn set(pattern: &[char], c: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let mut at = if negated { 2 } else { 1 };
    let mut within = false;
    let first = at;
    loop {
        let mut low = *pattern.get(at)?;
        if low == ']' && at > first {
            return (within != negated).then_some(at + 1);
        }
        if low == '\\' {
            at += 1;
            low = *pattern.get(at)?;
        }
        let ranged = pattern.get(at + 1) == Some(&'-') && pattern.get(at + 2).is_some_and(|c| *c != ']');
        let high = if ranged { *pattern.get(at + 2)? } else { low };
        within |= (low..=high).contains(&c);
        at += if ranged { 3 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, wanted: bool) {
        assert_eq!(matches(pattern, path), wanted, "{pattern} on {path}");
    }

    #[test]
    fn patterns_as_rubys_fnmatch_takes_them() {
        check("*.rb", "a.rb", true);
        check("*.rb", "lib/a.rb", false);
        check("**/*.rb", "a.rb", true);
        check("**/*.rb", "lib/deep/a.rb", true);
        check("**.rb", "lib/a.rb", false);
        check("lib/**/*", "lib/a.rb", true);
        check("lib/**/*", "lib", false);
        check("lib/**", "lib/a/b", false);
        check("*", ".hidden", true);
        check("{a,b}.{rb,py}", "b.py", true);
        check("{a,b{c,d}}", "bd", true);
        check("{a", "{a", false);
        check(r"\{a", "{a", true);
        check("[a-c].txt", "b.txt", true);
        check("[!a-c].txt", "b.txt", false);
        check("a?c", "abc", true);
        check(r"\*", "*", true);
        check(r"\*", "a", false);
    }

    #[test]
    fn wildcards_of_includes() {
        assert!(matches_include("ci/*.yml", "ci/a.yml"));
        assert!(!matches_include("ci/*.yml", "ci/deep/a.yml"));
        assert!(matches_include("ci/**.yml", "ci/deep/a.yml"));
        assert!(matches_include("**/*.yml", "ci/a.yml"));
        assert!(!matches_include("ci/a+.yml", "ci/aa.yml"));
    }
}
