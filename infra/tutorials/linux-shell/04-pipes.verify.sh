if [ ! -s ~/practice/codes.txt ]; then
    echo "~/practice/codes.txt is missing or empty."
    exit 1
fi
for code in 200 404 500; do
    times=$(cut -d ' ' -f 4 ~/practice/access.log | grep -c "^$code$")
    if ! grep -Eq "^ *$times +$code$" ~/practice/codes.txt; then
        echo "codes.txt does not say that $code occurs $times times."
        exit 1
    fi
done
echo "Right: three codes, each counted."
