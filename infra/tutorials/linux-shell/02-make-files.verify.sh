# Each line of this form is one part of the check.
code=0
part() {
    if eval "$2"; then echo "ok - $1"; else echo "not ok - $1"; code=1; fi
}
part "greeting.txt exists" '[ -f ~/practice/greeting.txt ]'
part "greeting.txt has two lines" '[ "$(wc -l < ~/practice/greeting.txt 2> /dev/null)" = 2 ]'
part "copy.txt is the same" 'cmp -s ~/practice/greeting.txt ~/practice/copy.txt'
exit $code
