// The programs as one writes them in Go: goroutines for threads, Go's own locks and channels.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// What this peer is to do: CASE SIZE MILLISECONDS.
type job struct {
	name string
	size int
	time time.Duration
}

var cases = map[string]func(job){
	"startup":    func(job) {},
	"spawn_join": spawnJoin,
	"spawn_many": spawnMany,
	"yield":      yield,
	"spread":     spread,
	"ping_pong":  func(j job) { pingPong(j, 1) },
	"rendezvous": func(j job) { pingPong(j, 0) },
	"mpsc":       func(j job) { senders(j, func(n int) int { return n }) },
	"bounded":    func(j job) { senders(j, func(int) int { return 128 }) },
	"mutex":      mutex,
	"mutex_8":    mutex8,
	"rwlock":     rwlock,
	"condvar":    condvar,
	"once_lock":  once,
	"skynet":     skynet,
	"parked":     parked,
	"sleepers":   sleepers,
}

var servers = map[string]func(){
	"echo":        func() { tcp(echo) },
	"http":        func() { tcp(http) },
	"per_request": func() { tcp(perRequest) },
	"bulk":        func() { tcp(bulk) },
	"unix":        unix,
	"udp":         udp,
}

func main() {
	j := job{name: os.Args[1], size: number(os.Args[2]), time: time.Duration(number(os.Args[3])) * time.Millisecond}
	if server := servers[j.name]; server != nil {
		go server()
		_, err := io.ReadAll(os.Stdin)
		check(err == nil, "standard input is a pipe")
	} else {
		run := cases[j.name]
		check(run != nil, "no such case: "+j.name)
		run(j)
	}
	resident, _ := memory()
	report("rss", resident)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err == nil, "not a number: "+text)
	return n
}

func report(key string, value any) { fmt.Println(key, value) }

func check(holds bool, what string) {
	if !holds {
		panic(what)
	}
}

// Repeats an operation n times, for ever larger n; see `Job::repeat` of the Rust peers.
func (j job) repeat(run func(n int) time.Duration) {
	n := 6400
	for {
		took := run(n)
		if took*3 >= j.time {
			report("ns", float64(took.Nanoseconds())/float64(n))
			return
		}
		missing := j.time.Seconds() / max(took.Seconds(), 1e-9) / 2
		n *= int(min(max(missing, 2), 16))
	}
}

// Runs something of this size once, after a small one; see `Job::once`.
func (j job) once(run func(n int) time.Duration) {
	run(max(j.size/100, 100))
	report("ns", float64(run(j.size).Nanoseconds())/float64(j.size))
}

func sumBelow(n int) int { return n * (n - 1) / 2 }

// VmRSS and VmPTE, in KiB.
func memory() (int, int) {
	status, err := os.ReadFile("/proc/self/status")
	check(err == nil, "Linux has it")
	field := func(name string) int {
		_, rest, found := strings.Cut(string(status), name)
		check(found, "it has such a line")
		return number(strings.Fields(rest)[0])
	}
	return field("VmRSS:"), field("VmPTE:")
}
