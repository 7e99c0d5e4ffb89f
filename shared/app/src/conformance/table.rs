//! What every [`Table`] does. Each check is given the table and the manual clock that the table was made with.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::fresh;
use crate::clock::Clock;
use crate::table::{
    BATCH_GET_MAX, Condition, ITEM_BYTES_MAX, Item, Key, PAGE_ITEMS_MAX, Query, Stored, Table, TableError,
    Version, Write,
};

/// More than DynamoDB writes in one request (25), more than twice.
const MANY: usize = 60;

/// Far more pages than any check has items: a query that never ends fails instead.
const PAGES_MAX: usize = 200;

fn item(partition: &str, sort: &str, document: &str) -> Item {
    Item { key: Key::new(partition, sort), document: document.to_owned(), blob: None, expires_at: None }
}

async fn put(table: &dyn Table, item: Item) -> Stored {
    match table.put(item.clone(), Condition::Always).await.expect("the table answers") {
        Write::Done(version) => Stored { item, version },
        Write::Conflict(_) => panic!("a put without a condition met a conflict"),
    }
}

async fn get(table: &dyn Table, key: &Key) -> Option<Stored> {
    table.get(key).await.expect("the table answers")
}

async fn write(table: &dyn Table, item: &Item, condition: Condition) -> Write {
    table.put(item.clone(), condition).await.expect("the table answers")
}

async fn delete(table: &dyn Table, key: &Key, condition: Condition) -> Write {
    table.delete(key, condition).await.expect("the table answers")
}

/// The sort keys of all pages, in the order read. No page may be over the limit.
async fn sorts(table: &dyn Table, mut query: Query) -> Vec<String> {
    let mut sorts = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = table.query(&query).await.expect("the table answers");
        assert!(page.items.len() <= query.limit, "{} items on a page of {}", page.items.len(), query.limit);
        sorts.extend(page.items.into_iter().map(|stored| stored.item.key.sort));
        query.after = page.next;
        if query.after.is_none() {
            return sorts;
        }
    }
    panic!("{PAGES_MAX} pages and no end");
}

/// Nothing is there before; afterwards what was put last, with the version of that put.
pub async fn what_is_put_is_read(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("read");
    let key = Key::new(&partition, "it");
    assert_eq!(get(table, &key).await, None);

    let first = put(table, item(&partition, "it", r#"{"is":1}"#)).await;
    assert_eq!(get(table, &key).await, Some(first));
    let second = put(table, item(&partition, "it", r#"{"is":2}"#)).await;
    assert_eq!(get(table, &key).await, Some(second));
    assert_eq!(get(table, &Key::new(&partition, "its neighbour")).await, None);
}

/// Every byte, no bytes, no blob, no text, any script.
pub async fn bytes_and_texts_come_back_as_they_were(table: &dyn Table, clock: &Clock) {
    let partition = fresh("bytes");
    let blobs = [None, Some(Vec::new()), Some((0..=u8::MAX).collect()), Some(vec![0; 3])];
    let documents = ["", "{}", r#"{"name":"Ærøskøbing 🛎 \u0000 'quoted'\n"}"#, "null"];
    for (number, (blob, document)) in blobs.into_iter().zip(documents).enumerate() {
        let expires_at = Some(clock.now() + Duration::from_secs(1)).filter(|_| number % 2 == 0);
        let sort = format!("part#{number}");
        let stored = put(table, Item { blob, expires_at, ..item(&partition, &sort, document) }).await;
        assert_eq!(get(table, &stored.item.key).await, Some(stored));
    }
}

/// The one who comes second is told who was first, and changes nothing.
pub async fn absent_protects_what_is_there(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("absent");
    let first = item(&partition, "it", "1");
    let Write::Done(version) = write(table, &first, Condition::Absent).await else {
        panic!("a free place was refused");
    };
    let there = Stored { item: first.clone(), version };
    let second = write(table, &item(&partition, "it", "2"), Condition::Absent).await;
    assert_eq!(second, Write::Conflict(Some(there.clone())));
    assert_eq!(get(table, &first.key).await, Some(there));
}

/// Who read an older version, or one of an item that is gone, writes nothing.
pub async fn a_version_protects_what_was_put_since(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("version");
    let first = put(table, item(&partition, "it", "1")).await;
    let next = item(&partition, "it", "2");
    let Write::Done(version) = write(table, &next, Condition::Version(first.version)).await else {
        panic!("the version there was refused");
    };
    let there = Stored { item: next, version };
    let late = item(&partition, "it", "3");
    let refused = write(table, &late, Condition::Version(first.version)).await;
    assert_eq!(refused, Write::Conflict(Some(there.clone())));
    assert_eq!(get(table, &late.key).await, Some(there));

    let nowhere = item(&partition, "nowhere", "1");
    assert_eq!(write(table, &nowhere, Condition::Version(first.version)).await, Write::Conflict(None));
    assert_eq!(get(table, &nowhere.key).await, None);
}

/// Also if the same is put again, and if it was deleted in between.
pub async fn every_put_has_a_version_of_its_own(table: &dyn Table, _clock: &Clock) {
    let it = item(&fresh("versions"), "it", "{}");
    let mut versions: BTreeSet<u64> = BTreeSet::new();
    for _ in 0..3 {
        assert!(versions.insert(put(table, it.clone()).await.version.0));
        assert!(versions.insert(put(table, it.clone()).await.version.0));
        delete(table, &it.key, Condition::Always).await;
    }
    put(table, it.clone()).await;
    for version in versions {
        let refused = write(table, &it, Condition::Version(Version(version))).await;
        assert!(matches!(refused, Write::Conflict(Some(_))), "version {version} of a deleted item held");
    }
}

/// Deleting protects what is there as a put does; what is not there needs no condition.
pub async fn delete_removes_if_its_condition_holds(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("delete");
    let old = put(table, item(&partition, "it", "1")).await;
    let there = put(table, item(&partition, "it", "2")).await;
    let key = &there.item.key;
    for condition in [Condition::Version(old.version), Condition::Absent] {
        assert_eq!(delete(table, key, condition).await, Write::Conflict(Some(there.clone())));
        assert_eq!(get(table, key).await, Some(there.clone()));
    }
    assert!(matches!(delete(table, key, Condition::Version(there.version)).await, Write::Done(_)));
    assert_eq!(get(table, key).await, None);

    for condition in [Condition::Always, Condition::Absent, Condition::Version(old.version)] {
        assert!(matches!(delete(table, key, condition).await, Write::Done(_)), "{condition:?}");
    }
    put(table, item(&partition, "it", "3")).await;
    assert!(matches!(delete(table, key, Condition::Always).await, Write::Done(_)));
    assert_eq!(get(table, key).await, None);
}

/// From its last moment on, no reader and no condition sees an item.
pub async fn what_has_expired_is_not_there(table: &dyn Table, clock: &Clock) {
    let partition = fresh("expiry");
    let an_hour = Duration::from_hours(1);
    let mortal = |sort: &str| Item { expires_at: Some(clock.now() + an_hour), ..item(&partition, sort, "1") };
    let mut there = Vec::new();
    for sort in ["a", "b", "c"] {
        there.push(put(table, mortal(sort)).await);
    }
    put(table, item(&partition, "stays", "1")).await;
    clock.advance(an_hour.saturating_sub(Duration::from_millis(1)));
    assert_eq!(get(table, &there[0].item.key).await.as_ref(), Some(&there[0]));
    assert_eq!(sorts(table, Query::prefix(&partition, "")).await, ["a", "b", "c", "stays"]);

    clock.advance(Duration::from_millis(1));
    let keys: Vec<Key> = there.iter().map(|stored| stored.item.key.clone()).collect();
    assert_eq!(get(table, &keys[0]).await, None);
    assert_eq!(table.batch_get(&keys).await.expect("the table answers"), []);
    assert_eq!(sorts(table, Query::prefix(&partition, "")).await, ["stays"]);

    let version = Condition::Version(there[0].version);
    assert_eq!(write(table, &item(&partition, "a", "2"), version).await, Write::Conflict(None));
    assert!(matches!(delete(table, &keys[1], Condition::Absent).await, Write::Done(_)));
    let heir = item(&partition, "c", "2");
    assert!(matches!(write(table, &heir, Condition::Absent).await, Write::Done(_)));
    assert_eq!(get(table, &heir.key).await.map(|stored| stored.item), Some(heir));
}

/// As many as a batch may have, over several partitions, some of them missing.
pub async fn a_batch_reads_what_is_there(table: &dyn Table, _clock: &Clock) {
    let partitions = [fresh("batch"), fresh("batch")];
    let keys: Vec<Key> =
        (0..BATCH_GET_MAX).map(|n| Key::new(&partitions[n % 2], format!("{n:03}"))).collect();
    let mut there = Vec::new();
    for key in keys.iter().step_by(3) {
        there.push(put(table, item(&key.partition, &key.sort, &key.sort)).await);
    }
    let mut read = table.batch_get(&keys).await.expect("the table answers");
    read.sort_by(|one, other| one.item.key.sort.cmp(&other.item.key.sort));
    assert_eq!(read, there);
    assert_eq!(table.batch_get(&[]).await.expect("the table answers"), []);
}

/// More than a request holds, over what is there; none is harmless.
pub async fn a_batch_of_any_size_is_written(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("many");
    let old = put(table, item(&partition, "007", "old")).await;
    let items: Vec<Item> = (0..MANY).map(|n| item(&partition, &format!("{n:03}"), &format!("{n}"))).collect();
    table.batch_put(items.clone()).await.expect("the table answers");
    table.batch_put(Vec::new()).await.expect("the table answers");

    let page = table.query(&Query::prefix(&partition, "")).await.expect("the table answers");
    assert_eq!(page.items.iter().map(|stored| stored.item.clone()).collect::<Vec<_>>(), items);
    assert_ne!(page.items[7].version, old.version);
}

/// Both ends included, lowest or highest first, by the bytes of UTF-8, and never beyond the partition.
pub async fn a_query_reads_a_range_in_byte_order(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("range");
    // A full-width letter sorts before an emoji as bytes, but behind it in UTF-16.
    let in_order = ["A", "B", "a", "a#1", "a#10", "a#2", "b", "é", "語", "Ａ", "🛎"];
    for sort in in_order.iter().rev() {
        put(table, item(&partition, sort, "{}")).await;
    }
    put(table, item(&fresh("range"), "a", "{}")).await;
    let query = |low: &str, high: &str, descending| Query {
        between: (low.to_owned(), high.to_owned()),
        descending,
        ..Query::prefix(&partition, "")
    };
    assert_eq!(sorts(table, Query::prefix(&partition, "")).await, in_order);
    assert_eq!(sorts(table, query("a", "b", false)).await, ["a", "a#1", "a#10", "a#2", "b"]);
    assert_eq!(sorts(table, query("a!", "a#1", false)).await, ["a#1"]);
    assert_eq!(sorts(table, query("b", "🛎", true)).await, ["🛎", "Ａ", "語", "é", "b"]);
    assert_eq!(sorts(table, query("c", "d", false)).await, [""; 0]);
    assert_eq!(sorts(table, Query::prefix(fresh("nobody"), "")).await, [""; 0]);
}

/// A prefix finds itself and all that starts with it, however high the next character is.
pub async fn a_prefix_of_any_script_is_found(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("prefix");
    for sort in ["u", "ü", "ü#1", "ü語", "ü\u{10FFFD}", "ý", "🛎", "🛎#1"] {
        put(table, item(&partition, sort, "{}")).await;
    }
    assert_eq!(sorts(table, Query::prefix(&partition, "ü")).await, ["ü", "ü#1", "ü語", "ü\u{10FFFD}"]);
    assert_eq!(sorts(table, Query::prefix(&partition, "ü#")).await, ["ü#1"]);
    assert_eq!(sorts(table, Query::prefix(&partition, "🛎")).await, ["🛎", "🛎#1"]);
}

/// Read in pages of any size, up or down, every item comes once.
pub async fn pages_make_the_whole(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("pages");
    let all: Vec<String> = (0..MANY).map(|n| format!("{n:03}")).collect();
    let items = all.iter().map(|sort| item(&partition, sort, "{}")).collect();
    table.batch_put(items).await.expect("the table answers");
    for limit in [1, 7, MANY - 1, MANY, PAGE_ITEMS_MAX] {
        let up = Query { limit, ..Query::prefix(&partition, "") };
        assert_eq!(sorts(table, up.clone()).await, all, "up by {limit}");
        let mut down = sorts(table, Query { descending: true, ..up.clone() }).await;
        down.reverse();
        assert_eq!(down, all, "down by {limit}");
        let middle = Query { between: ("010".into(), "049".into()), ..up };
        assert_eq!(sorts(table, middle).await, all[10..50], "the middle by {limit}");
    }
}

/// The place where a page ended is a place in the order, not an item.
pub async fn paging_goes_on_though_its_place_was_deleted(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("gap");
    for sort in ["a", "b", "c", "d"] {
        put(table, item(&partition, sort, "{}")).await;
    }
    for (descending, rest) in [(false, ["b", "d"]), (true, ["b", "a"])] {
        put(table, item(&partition, "c", "{}")).await;
        let mut query = Query { descending, ..Query::prefix(&partition, "") };
        query.after = Some(if descending { "c" } else { "a" }.to_owned());
        delete(table, &Key::new(&partition, "c"), Condition::Always).await;
        assert_eq!(sorts(table, query).await, rest);
    }
}

/// DynamoDB ends a page at 1 MB.
pub async fn a_query_of_large_items_reads_all_of_them(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("large");
    let all = ["1", "2", "3", "4", "5", "6"];
    for sort in all {
        let blob = Some(vec![0xA5; ITEM_BYTES_MAX - 2]);
        put(table, Item { blob, ..item(&partition, sort, "{}") }).await;
    }
    assert_eq!(sorts(table, Query::prefix(&partition, "")).await, all);
    let keys: Vec<Key> = all.iter().map(|sort| Key::new(&partition, *sort)).collect();
    assert_eq!(table.batch_get(&keys).await.expect("the table answers").len(), all.len());
}

/// The largest item fits; one byte more is refused and leaves what was there.
pub async fn what_is_too_large_is_refused(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("size");
    let of_size = |bytes: usize| Item { blob: Some(vec![7; bytes - 2]), ..item(&partition, "it", "{}") };
    let there = put(table, of_size(ITEM_BYTES_MAX)).await;

    let over = of_size(ITEM_BYTES_MAX + 1);
    for refused in [
        table.put(over.clone(), Condition::Always).await.map(|_| ()),
        table.batch_put(vec![over.clone()]).await,
    ] {
        let Err(TableError::TooLarge { key, bytes }) = refused else { panic!("took {over:?}") };
        assert_eq!((key, bytes), (over.key.clone(), ITEM_BYTES_MAX + 1));
    }
    assert!(get(table, &over.key).await == Some(there), "a refused item was written");
}

/// Twenty at once: one is done, the others are told who.
pub async fn of_twenty_that_claim_a_place_one_gets_it(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("claim");
    let claim = |n: usize| table.put(item(&partition, "it", &format!("{n}")), Condition::Absent);
    let answers = join_all((0..20).map(claim)).await;
    let there = get(table, &Key::new(&partition, "it")).await;
    let mut winners = Vec::new();
    for (n, answer) in answers.into_iter().enumerate() {
        match answer.expect("the table answers") {
            Write::Done(version) => winners.push((n.to_string(), version)),
            Write::Conflict(other) => assert_eq!(other, there),
        }
    }
    assert_eq!(
        winners,
        there.map(|stored| (stored.item.document, stored.version)).into_iter().collect::<Vec<_>>()
    );
}

/// Ten count up together, each from what it read.
pub async fn no_increment_is_lost(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("count");
    let first = put(table, item(&partition, "it", "0")).await;
    let increment = |start: Stored| async move {
        let mut seen = start;
        loop {
            let count: u32 = seen.item.document.parse().expect("a number");
            let next = Item { document: (count + 1).to_string(), ..seen.item };
            match write(table, &next, Condition::Version(seen.version)).await {
                Write::Done(_) => return,
                Write::Conflict(there) => seen = there.expect("nobody deletes it"),
            }
        }
    };
    join_all((0..10).map(|_| increment(first.clone()))).await;
    let there = get(table, &first.item.key).await.map(|stored| stored.item.document);
    assert_eq!(there.as_deref(), Some("10"));
}

/// At once, by every way of reading.
pub async fn a_read_sees_what_was_written_before(table: &dyn Table, _clock: &Clock) {
    let partition = fresh("at once");
    let round = |n: usize| {
        let partition = &partition;
        async move {
            let sort = format!("{n:03}");
            let stored = put(table, item(partition, &sort, "{}")).await;
            let key = stored.item.key.clone();
            assert_eq!(get(table, &key).await.as_ref(), Some(&stored));
            let batch = table.batch_get(std::slice::from_ref(&key)).await.expect("the table answers");
            assert_eq!(batch, [stored]);
            assert_eq!(sorts(table, Query::prefix(partition, &sort)).await, [sort]);
            delete(table, &key, Condition::Always).await;
            assert_eq!(get(table, &key).await, None);
        }
    };
    join_all((0..20).map(round)).await;
}
