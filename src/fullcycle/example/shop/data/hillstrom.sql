-- The raw file as a table of clients, one row each; set the variable `csv` to its path first.
-- All chance comes from a hash of the client, so that every load of the same file is the same.
create or replace temp macro chance(salt, client_id) as
    ('0x' || md5(salt || ' ' || client_id)[1:8])::ubigint / 4294967296;  -- uniform in [0, 1)

create or replace temp table hillstrom as
with numbered as (
    -- The file has no client id: the row's number is one. (Two rows alike are two clients.)
    select row_number() over () as client_id, * from read_csv(getvariable('csv'))
)
select
    client_id,
    recency::integer as recency,
    history,
    zip_code,
    newbie = 1 as newbie,
    channel,
    segment as campaign,
    visit = 1 as visited,
    spend,
    chance('past', client_id) < 0.4 as past,
    interval 28 days * chance('sent', client_id) as sent_after,
    -- The file says whether a client came within two weeks, not when: most come soon.
    interval 10 minutes + interval 13 days * chance('visit', client_id) ** 2 as visited_after
from numbered;
