package main

import (
	"sort"
	"sync/atomic"
	"time"
)

// Ten children each, down to the leaves, whose numbers are summed up on the way back.
func skynet(j job) {
	var node func(first, leaves int, to chan int)
	node = func(first, leaves int, to chan int) {
		if leaves == 1 {
			to <- first
			return
		}
		from := make(chan int)
		for child := range 10 {
			go node(first+child*(leaves/10), leaves/10, from)
		}
		sum := 0
		for range 10 {
			sum += <-from
		}
		to <- sum
	}
	j.once(func(n int) time.Duration {
		result := make(chan int)
		start := time.Now()
		go node(0, n, result)
		check(<-result == sumBelow(n), "the sum")
		return time.Since(start)
	})
}

func parked(j job) {
	resident, tables := memory()
	var count atomic.Int64
	allAre, gate := make(chan struct{}), make(chan struct{})
	results := make(chan int, 1024)
	for i := range j.size {
		go func() {
			if count.Add(1) == int64(j.size) {
				close(allAre)
			}
			<-gate
			results <- i
		}()
	}
	<-allAre
	residentNow, tablesNow := memory()
	report("bytes", float64(residentNow-resident+tablesNow-tables)*1024/float64(j.size))
	close(gate)
	sum := 0
	for range j.size {
		sum += <-results
	}
	check(sum == sumBelow(j.size), "the sum")
}

func sleepers(j job) {
	base := time.Now().Add(2 * time.Second)
	results := make(chan float64, 1024)
	for i := range j.size {
		go func() {
			part := float64((i*7919)%j.size) / float64(j.size)
			moment := base.Add(time.Duration(part * float64(time.Second)))
			time.Sleep(time.Until(moment))
			results <- time.Since(moment).Seconds() * 1e3
		}()
	}
	check(time.Now().Before(base), "not all could be spawned in time")
	late := make([]float64, j.size)
	for i := range late {
		late[i] = <-results
	}
	sort.Float64s(late)
	report("ms", late[(len(late)-1)*99/100])
}
