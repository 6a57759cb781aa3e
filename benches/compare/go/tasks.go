package main

import (
	"runtime"
	"time"
)

func spawnJoin(j job) {
	j.repeat(func(n int) time.Duration {
		start := time.Now()
		sum := 0
		for i := range n {
			result := make(chan int, 1)
			go func() { result <- i }()
			sum += <-result
		}
		check(sum == sumBelow(n), "the sum")
		return time.Since(start)
	})
}

func spawnMany(j job) {
	j.once(func(n int) time.Duration {
		start := time.Now()
		all := make([]chan int, n)
		for i := range n {
			result := make(chan int, 1)
			all[i] = result
			go func() { result <- i }()
		}
		sum := 0
		for _, result := range all {
			sum += <-result
		}
		check(sum == sumBelow(n), "the sum")
		return time.Since(start)
	})
}

func yield(j job) {
	yields := func(n int) int {
		count := 0
		for range n {
			runtime.Gosched()
			count++
		}
		return count
	}
	j.repeat(func(n int) time.Duration {
		start := time.Now()
		other := make(chan int)
		go func() { other <- yields(n / 2) }()
		mine := yields(n / 2)
		check(mine+<-other == n, "the yields")
		return time.Since(start)
	})
}

var sink uint64

func compute(rounds int) uint64 {
	var x uint64 = 0x9E3779B97F4A7C15
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func spread(j job) {
	const tasks = 64
	rounds := j.size / tasks
	together := func() time.Duration {
		start := time.Now()
		results := make(chan uint64, tasks)
		for range tasks {
			go func() { results <- compute(rounds) }()
		}
		first := <-results
		for range tasks - 1 {
			check(<-results == first, "the results")
		}
		return time.Since(start)
	}
	together()
	start := time.Now()
	for range tasks {
		sink += compute(rounds)
	}
	alone := time.Since(start)
	report("times", alone.Seconds()/together().Seconds())
}
