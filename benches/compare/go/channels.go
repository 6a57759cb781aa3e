package main

import "time"

func pingPong(j job, capacity int) {
	j.repeat(func(n int) time.Duration {
		to, from := make(chan int, capacity), make(chan int, capacity)
		go func() {
			for message := range to {
				from <- message + 1
			}
			close(from)
		}()
		start := time.Now()
		for message := range n {
			to <- message
			check(<-from == message+1, "the answer")
		}
		elapsed := time.Since(start)
		close(to)
		<-from
		return elapsed
	})
}

// Go has no channel without a bound: one with room for all messages stands for it.
func senders(j job, capacity func(n int) int) {
	const senders = 4
	j.repeat(func(n int) time.Duration {
		messages := make(chan int, capacity(n))
		start := time.Now()
		for range senders {
			go func() {
				for message := range n / senders {
					messages <- message
				}
			}()
		}
		sum := 0
		for range n {
			sum += <-messages
		}
		check(sum == senders*sumBelow(n/senders), "the sum")
		return time.Since(start)
	})
}
