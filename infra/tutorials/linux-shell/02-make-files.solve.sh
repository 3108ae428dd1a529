mkdir -p ~/practice
printf 'Hello, Ada\nWelcome to the shell.\n' > ~/practice/greeting.txt
cp ~/practice/greeting.txt ~/practice/copy.txt
