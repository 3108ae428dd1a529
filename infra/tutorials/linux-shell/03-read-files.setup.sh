mkdir -p ~/practice
seq 1 200 | while read -r n; do
    case $((n % 20)) in
        7) code=404 path=/missing ;;
        13) code=500 path=/report ;;
        *) code=200 path=/ ;;
    esac
    echo "198.51.100.$((n % 9)) GET $path $code $((n * 37 % 911))"
done > ~/practice/access.log
