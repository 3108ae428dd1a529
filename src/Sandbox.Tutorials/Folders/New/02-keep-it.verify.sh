[ -x ~/greet.sh ] || { echo "~/greet.sh cannot be executed yet."; exit 1; }
~/greet.sh | grep -q Hello || { echo "~/greet.sh prints no greeting."; exit 1; }
