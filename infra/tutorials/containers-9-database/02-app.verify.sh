if [ ! -e "$HOME/app.sh" ]; then
    echo "There is no app.sh in $HOME yet."
    exit 1
fi
visits=$(psql -qtAc 'select count(*) from visits' 2> /dev/null)
if [ "${visits:-0}" -lt 2 ]; then
    echo "The table has ${visits:-no} visits. Let the app note two."
    exit 1
fi
echo "The app noted $visits visits."
