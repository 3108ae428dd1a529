if ! grep -q '^COPY public.visits' "$HOME/visits.sql" 2> /dev/null; then
    echo "There is no dump of visits in $HOME/visits.sql yet."
    exit 1
fi
if [ "$(psql -qtAc 'select count(*) from visits' 2> /dev/null || echo 0)" -lt 1 ]; then
    echo "The table is not back yet."
    exit 1
fi
echo "The data is back."
