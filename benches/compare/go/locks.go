package main

import (
	"sync"
	"time"
)

// Runs body(n / tasks) in so many goroutines.
func share(tasks, n int, body func(n int)) time.Duration {
	var all sync.WaitGroup
	start := time.Now()
	for range tasks {
		all.Add(1)
		go func() {
			body(n / tasks)
			all.Done()
		}()
	}
	all.Wait()
	return time.Since(start)
}

func mutex(j job) {
	var lock sync.Mutex
	value := 0
	j.repeat(func(n int) time.Duration {
		value = 0
		start := time.Now()
		for range n {
			lock.Lock()
			value++
			lock.Unlock()
		}
		elapsed := time.Since(start)
		check(value == n, "the count")
		return elapsed
	})
}

func mutex8(j job) {
	j.repeat(func(n int) time.Duration {
		var lock sync.Mutex
		value := 0
		elapsed := share(8, n, func(n int) {
			for range n {
				lock.Lock()
				value++
				lock.Unlock()
			}
		})
		check(value == n, "the count")
		return elapsed
	})
}

// One access in a hundred writes.
func rwlock(j job) {
	j.repeat(func(n int) time.Duration {
		var lock sync.RWMutex
		value := 0
		elapsed := share(8, n, func(n int) {
			seen := 0
			for i := range n {
				if i%100 == 99 {
					lock.Lock()
					value++
					lock.Unlock()
				} else {
					lock.RLock()
					seen = value
					lock.RUnlock()
				}
			}
			check(seen <= value, "what was seen")
		})
		check(value == n/8/100*8, "the count")
		return elapsed
	})
}

// Two goroutines, whose turn it is in turn.
func condvar(j job) {
	j.repeat(func(n int) time.Duration {
		var lock sync.Mutex
		changed := sync.NewCond(&lock)
		turn := 0
		takeTurns := func(odd int) {
			for range n {
				lock.Lock()
				for turn%2 != odd {
					changed.Wait()
				}
				turn++
				changed.Signal()
				lock.Unlock()
			}
		}
		start := time.Now()
		other := make(chan struct{})
		go func() {
			takeTurns(1)
			close(other)
		}()
		takeTurns(0)
		<-other
		elapsed := time.Since(start)
		check(turn == 2*n, "the turns")
		return elapsed
	})
}

func once(j job) {
	get := sync.OnceValue(func() int { return 1 })
	j.repeat(func(n int) time.Duration {
		start := time.Now()
		sum := 0
		for range n {
			sum += get()
		}
		check(sum == n, "the sum")
		return time.Since(start)
	})
}
