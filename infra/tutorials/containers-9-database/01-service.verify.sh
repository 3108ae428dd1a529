echo 1..2
if pg_isready -q; then echo "ok 1 - the server takes connections"; else echo "not ok 1 - the server takes connections"; fi
if psql -qtAc 'select count(*) from visits' > /dev/null 2>&1; then
    echo "ok 2 - there is a table named visits"
else
    echo "not ok 2 - there is a table named visits"
fi
